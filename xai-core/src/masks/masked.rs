//! The model's output on masked copies of the input: [`Masked`].

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array2, ArrayD};

use super::copies::{Copies, rows};
use super::degrees::degrees;
use super::features::Features;
use super::fill::Fill;
use super::filled::Filled;
use super::layout::Layout;
use super::mask::Mask;
use super::settled::settled;
use crate::explain::rows::check_rows;
use crate::explain::{Call, Selection, Target, graph_for};
use crate::passes::{Chunk, Reporter, Running, at_least, copies_per_pass, even_parts};
use crate::{Backend, Differentiable, Element, Error, Result, Tensor};

/// The explained output on masked copies of each sample: y(x·m + fill·(1 - m)).
///
/// Forward passes alone, in chunks: no more memory than a chunk of copies takes, whatever the number of masks. Masks
/// are shared by the samples of a batch, or given for each. Copies are made where the model lives, of the sample that
/// is there and the mask, which is all that travels ([`Fill::NoisyLinear`] alone is worked out on the host). What is
/// found depends neither on the chunk nor on the batch.
///
/// Which output is explained is settled on the clean input, once. An error of the model, another number of rows than it
/// was given, or an output that is not finite is [`Error::Copies`], which says on which copies of which samples: copies
/// are counted over all that was asked for since the `Masked` was made. [`for_each`](Masked::for_each) has handed out
/// everything before that pass by then.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, array};
/// use xai::{BlackBox, Call, Features, Fill, Index, Masked, Target, Tensor};
///
/// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(x.map_axis(ndarray::Axis(1), |row| row[0] * row[1] + row[2]).insert_axis(ndarray::Axis(1)))
/// });
/// let x = [Tensor::upload(array![[2.0, 3.0, 5.0]].view().into_dyn(), &())?];
/// let call = Call { inputs: &x, explained: &[true], target: Target::Choose(&Index(0)), samples: &[0] };
/// let masked = Masked::new(&model, &call, &Features::each(), &Fill::default())?;
/// let y = masked.values([vec![true, true, false], vec![false, true, true]])?;
/// assert_eq!(y, array![[6.0], [5.0]]);
/// // What there is before any mask.
/// assert_eq!((masked.features(), masked.clean()), (3, &[11.0][..]));
/// assert_eq!((masked.output().shape(), masked.selection().indices()), (vec![1, 1], &[vec![0]][..]));
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Masked<'a, M: Differentiable + ?Sized> {
    model: &'a M,
    call: Call<'a, M::Backend>,
    layout: Layout,
    filled: Filled<M::Backend>,
    chunk: usize,
    evaluations: usize,
    output: Tensor<M::Backend>,
    selection: Selection,
    clean: Vec<f64>,
    reporter: Reporter,
    /// How many masks were asked for: the next one's number.
    asked: AtomicUsize,
}

impl<'a, M: Differentiable + ?Sized> Masked<'a, M> {
    /// The model on copies of these inputs: those that are explained are masked, the others are given as they are.
    ///
    /// It runs the model on the clean input.
    ///
    /// # Errors
    /// Those of features and fills that do not fit the inputs, the selector's, and the model's own.
    pub fn new(model: &'a M, call: &Call<'a, M::Backend>, features: &Features, fill: &Fill) -> Result<Self> {
        Self::in_chunks(model, call, features, fill, None)
    }

    /// As [`new`](Masked::new), with at most so many samples in one pass. Otherwise as many as suit the largest map.
    ///
    /// # Errors
    /// As [`new`](Masked::new).
    pub fn in_chunks(
        model: &'a M,
        call: &Call<'a, M::Backend>,
        features: &Features,
        fill: &Fill,
        chunk: Option<usize>,
    ) -> Result<Self> {
        if features.differ_by_sample() && call.rows() != 1 {
            return Err(Error::Unsupported {
                analyzer: "Masked".into(),
                reason: format!(
                    "samples may have other features each, and the batch has {}: take them one by one",
                    call.rows()
                ),
            });
        }
        at_least("chunk", chunk.unwrap_or(1), 1)?;
        let shapes = call.shapes();
        let explained = shapes.iter().zip(call.explained).filter(|(_, explained)| **explained);
        let row = call.samples.first().copied().unwrap_or(0);
        let explained: Vec<&[usize]> = explained.map(|(shape, _)| shape.as_slice()).collect();
        fill.check_for_copies(features, &explained)?;
        let settled = settled(features, call)?;
        let layout = Layout::new(settled.as_ref().unwrap_or(features), explained.into_iter(), row)?;
        let chunk = Chunk::of(chunk, call).for_model(model, call)?;
        let filled = Filled::new(fill, call, &layout)?;
        check_fills(&filled, call)?;
        let output = clean_output(model, call, chunk)?;
        let selection = call.target.settle_for(call.inputs, &output)?;
        let clean = selection.pick(&output)?;
        if let Some(value) = clean.iter().copied().find(|value| !value.is_finite()) {
            return Err(Error::NotFinite { value });
        }
        let evaluations = fill.evaluations();
        let (reporter, asked) = (Reporter::default(), AtomicUsize::new(0));
        Ok(Masked { model, call: *call, layout, filled, chunk, evaluations, output, selection, clean, reporter, asked })
    }

    /// Calls back after every pass of [`values`](Masked::values) and [`for_each`](Masked::for_each). A callback that
    /// answers `ControlFlow::Break(())` stops it, with [`Error::Cancelled`]; what the last pass found is not handed out
    /// then. The total is that of the masks, where their iterator knows how many there are, and otherwise of those
    /// asked for so far.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use std::ops::ControlFlow;
    /// use xai::nn::Activation;
    /// use xai::{Call, Error, Features, Fill, Index, Masked, NdArray, Net, Progress, Target, Tensor};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
    /// let x = [Tensor::upload(array![[0.5, 2.0]].view().into_dyn(), &())?];
    /// let call = Call { inputs: &x, explained: &[true], target: Target::Choose(&Index(0)), samples: &[0] };
    /// let stop = |p: Progress| if p.done < 20 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    /// let masked = Masked::in_chunks(&net, &call, &Features::each(), &Fill::default(), Some(10))?.on_progress(stop);
    /// let stopped = masked.values(vec![vec![true, false]; 50]);
    /// assert!(matches!(stopped, Err(Error::Cancelled { done: 20, total: 50 })));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn on_progress<Go: crate::Answer>(
        mut self,
        report: impl Fn(crate::Progress) -> Go + Send + Sync + 'static,
    ) -> Self {
        self.reporter = Reporter::new(report);
        self
    }

    /// The number of features, of all explained inputs: what a mask has.
    pub fn features(&self) -> usize {
        self.layout.count()
    }

    /// The explained output of each sample as it is.
    pub fn clean(&self) -> &[f64] {
        &self.clean
    }

    /// The model's whole output on the clean input.
    pub fn output(&self) -> &Tensor<M::Backend> {
        &self.output
    }

    /// What is explained.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// How many evaluations of the model a copy of one sample takes: more than one with a background.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Features, Fill, Masked};
    /// # use xai::nn::Activation;
    /// # use xai::{Call, Index, NdArray, Net, Target, Tensor};
    /// # let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// # let x = [Tensor::upload(array![[3.0, 2.0]].view().into_dyn(), &())?];
    /// # let call = Call { inputs: &x, explained: &[true], target: Target::Choose(&Index(0)), samples: &[0] };
    ///
    /// // The first output of a rectifier for the input (3, 2), without the first number: the mean of relu(±1).
    /// let background = Fill::background(&array![[1.0, 0.0], [-1.0, 0.0]]);
    /// let masked = Masked::new(&net, &call, &Features::each(), &background)?;
    /// assert_eq!(masked.evaluations_of_a_copy(), 2);
    /// assert_eq!(masked.values([vec![false, true]])?, array![[0.5]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn evaluations_of_a_copy(&self) -> usize {
        self.evaluations
    }

    /// The explained output on copies with these masks: (masks, samples).
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::InvalidParameter`] for a mask that does not fit, [`Error::Copies`], and
    /// [`Error::Cancelled`] when a progress callback says so.
    pub fn values(&self, masks: impl IntoIterator<Item = impl Into<Mask>>) -> Result<Array2<f64>> {
        let mut all = Vec::new();
        self.for_each(masks, |_, y| {
            all.extend_from_slice(y);
            Ok(())
        })?;
        let samples = self.call.rows();
        Array2::from_shape_vec((all.len() / samples.max(1), samples), all).map_err(|e| Error::backend("ndarray", e))
    }

    /// Hands out the explained output on copies with these masks, as soon as it is there: the mask's number among them,
    /// and the output of each sample. Nothing of it is kept. An error of `each` ends it.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Features, Fill, Masked};
    /// # use xai::nn::Activation;
    /// # use xai::{Call, Index, NdArray, Net, Target, Tensor};
    /// # let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// # let x = [Tensor::upload(array![[3.0, 2.0]].view().into_dyn(), &())?];
    /// # let call = Call { inputs: &x, explained: &[true], target: Target::Choose(&Index(0)), samples: &[0] };
    ///
    /// // The mask by which the first output of a rectifier is lowest, for the input (3, 2).
    /// let masked = Masked::new(&net, &call, &Features::each(), &Fill::default())?;
    /// let mut lowest = (0, f64::INFINITY);
    /// masked.for_each([vec![true, false], vec![false, true]], |mask, y| {
    ///     if y[0] < lowest.1 {
    ///         lowest = (mask, y[0]);
    ///     }
    ///     Ok(())
    /// })?;
    /// assert_eq!(lowest, (1, 0.0));
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`values`](Masked::values), and those of `each`.
    pub fn for_each(
        &self,
        masks: impl IntoIterator<Item = impl Into<Mask>>,
        each: impl FnMut(usize, &[f64]) -> Result<()>,
    ) -> Result<()> {
        let (masks, evaluations) = (masks.into_iter(), self.evaluations.saturating_mul(self.call.rows()));
        let known = match masks.size_hint() {
            (least, Some(most)) if least == most => most,
            _ => 0,
        };
        let mut progress = self.reporter.start(known.saturating_mul(evaluations));
        self.run(masks, &mut progress, each)
    }

    /// Values of the features, (samples, features), as values of the explained inputs' numbers: each number gets its
    /// feature's value, not a share of it. Of windows that overlap it gets the mean.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Features, Fill, Masked};
    /// # use xai::nn::Activation;
    /// # use xai::{Call, Index, NdArray, Net, Target, Tensor};
    /// # let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// # let x = [Tensor::upload(array![[3.0, 2.0, 1.0]].view().into_dyn(), &())?];
    /// # let call = Call { inputs: &x, explained: &[true], target: Target::Choose(&Index(0)), samples: &[0] };
    ///
    /// // Of three columns the first two are one feature.
    /// let masked = Masked::new(&net, &call, &Features::groups([0..2]), &Fill::default())?;
    /// let values = masked.spread(&array![[5.0, 4.0]])?;
    /// assert_eq!(values[0].download()?, array![[5.0, 5.0, 4.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] for another number of features.
    pub fn spread(&self, values: &Array2<f64>) -> Result<Vec<Tensor<M::Backend>>> {
        Error::check_shape("values of features", &[self.call.rows(), self.features()], values.shape())?;
        self.layout.spread(values, &self.call.explained_inputs().collect::<Vec<_>>())
    }

    /// The sum of an explanation's values over each feature, (samples, features): one array for each explained input,
    /// in its shape.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Features, Fill, Masked};
    /// # use xai::nn::Activation;
    /// # use xai::{Call, Index, NdArray, Net, Target, Tensor};
    /// # let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// # let x = [Tensor::upload(array![[3.0, 2.0, 1.0]].view().into_dyn(), &())?];
    /// # let call = Call { inputs: &x, explained: &[true], target: Target::Choose(&Index(0)), samples: &[0] };
    ///
    /// // Of three columns the first two are one feature.
    /// let masked = Masked::new(&net, &call, &Features::groups([0..2]), &Fill::default())?;
    /// assert_eq!(masked.gathered(&[array![[0.5, 0.25, 4.0]].into_dyn()])?, array![[0.75, 4.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] for values of another shape.
    pub fn gathered<E: Element>(&self, values: &[ArrayD<E>]) -> Result<Array2<f64>> {
        Error::check_shape("explained inputs", &[self.layout.inputs.len()], &[values.len()])?;
        self.layout.gathered(&values.iter().map(|values| values.mapv(Element::as_f64)).collect::<Vec<_>>())
    }

    /// Where each feature is: which of the explained inputs, and its middle along the axes of a sample.
    pub(crate) fn places(&self) -> Vec<(usize, Vec<f64>)> {
        self.layout.places()
    }

    /// As [`for_each`](Masked::for_each), with the progress of an analysis that asks more than once.
    pub(crate) fn run(
        &self,
        masks: impl IntoIterator<Item = impl Into<Mask>>,
        progress: &mut Running<'_>,
        mut each: impl FnMut(usize, &[f64]) -> Result<()>,
    ) -> Result<()> {
        let (copies, mut first) = (copies_per_pass(self.chunk, self.call.rows()), 0);
        let mut masks = masks.into_iter().map(Into::into);
        loop {
            let part: Vec<Mask> = masks.by_ref().take(copies).collect();
            if part.is_empty() {
                return Ok(());
            }
            progress.ask(part.len().saturating_mul(self.evaluations).saturating_mul(self.call.rows()));
            let y = self.pass(self.asked.fetch_add(part.len(), Ordering::Relaxed), &part, progress)?;
            for (copy, y) in y.rows().into_iter().enumerate() {
                each(first + copy, &y.to_vec())?;
            }
            first += part.len();
        }
    }

    /// The explained outputs on copies of all samples, (masks, samples); the masks are numbered from `first` on.
    fn pass(&self, first: usize, masks: &[Mask], progress: &mut Running<'_>) -> Result<Array2<f64>> {
        let mut y = Array2::zeros((masks.len(), self.call.rows()));
        let of_input = |input| degrees(masks, &self.layout, input, self.call.rows());
        let degrees = (0..self.layout.inputs.len()).map(of_input).collect::<Result<Vec<_>>>()?;
        for block in even_parts(self.call.rows(), self.chunk) {
            let (start, len) = block;
            let copies = Copies::new(&self.call, &self.filled, block, &degrees)?;
            let target = self.selection.part(start, len).repeat(masks.len());
            let fills = copies.fills();
            for fill in 0..fills {
                let inputs = copies.filled_with(fill)?;
                let samples = &self.call.samples[start..start + len];
                let picked = self.forward(&inputs, &target);
                let picked = picked.map_err(|error| blamed(error, first, masks.len(), samples))?;
                for (row, value) in picked.into_iter().enumerate() {
                    let (sample, copy) = (row / masks.len(), row % masks.len());
                    if !value.is_finite() {
                        let (copy, of) = (first + copy, samples[sample]);
                        return Err(Error::NotFinite { value }.on_copies(copy..copy + 1, of..of + 1));
                    }
                    #[allow(clippy::cast_precision_loss)]
                    let share = value / fills as f64;
                    y[[copy, start + sample]] += share;
                }
                progress.advance(masks.len() * len)?;
            }
        }
        Ok(y)
    }

    /// The explained outputs of rows of inputs.
    fn forward(&self, inputs: &[Tensor<M::Backend>], target: &Selection) -> Result<Vec<f64>> {
        let shapes: Vec<Vec<usize>> = inputs.iter().map(Tensor::shape).collect();
        let output = graph_for(self.model, &shapes, Target::Chosen(target))?.forward(inputs)?;
        inputs.first().map_or(Ok(()), |input| check_rows(input, &output))?;
        target.check(&output.shape())?;
        target.pick(&output)
    }
}

impl<M: Differentiable + ?Sized> fmt::Debug for Masked<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masked")
            .field("samples", &self.call.rows())
            .field("features", &self.features())
            .field("chunk", &self.chunk)
            .finish_non_exhaustive()
    }
}

/// An error of a pass over so many copies of each sample, on those that it tells of: on all, or on some rows.
fn blamed(error: Error, first: usize, copies: usize, samples: &[usize]) -> Error {
    let (rows, error) = match error {
        Error::Rows { rows, source } => (rows, *source),
        other => (0..samples.len() * copies, other),
    };
    let (start, last) = (rows.start, rows.end.saturating_sub(1));
    // A part that reaches into another sample has its last copies and the first ones of that.
    let of = if start / copies == last / copies { start % copies..last % copies + 1 } else { 0..copies };
    let number = |sample: usize| samples.get(sample).copied().unwrap_or(0);
    error.on_copies(first + of.start..first + of.end, number(start / copies)..number(last / copies) + 1)
}

/// Fills have the shape of the input, or one row of it.
fn check_fills<B: Backend>(filled: &Filled<B>, call: &Call<'_, B>) -> Result<()> {
    let Filled::Tensors(fills) = filled else { return Ok(()) };
    for fill in fills {
        Error::check_shape("fills of the explained inputs", &[call.explained_inputs().count()], &[fill.len()])?;
        for (fill, x) in fill.iter().zip(call.explained_inputs()) {
            let (mut expected, got) = (x.shape(), fill.shape());
            if got.first() == Some(&1) {
                expected[0] = 1;
            }
            Error::check_shape("fill", &expected, &got)?;
        }
    }
    Ok(())
}

/// The model's output on the inputs as they are, at most so many rows at a time.
fn clean_output<M: Differentiable + ?Sized>(
    model: &M,
    call: &Call<'_, M::Backend>,
    chunk: usize,
) -> Result<Tensor<M::Backend>> {
    let mut parts = Vec::new();
    for (start, len) in even_parts(call.rows(), chunk) {
        let inputs = call.inputs.iter().map(|x| rows(x, start, len)).collect::<Result<Vec<_>>>()?;
        let shapes: Vec<Vec<usize>> = inputs.iter().map(Tensor::shape).collect();
        let output =
            graph_for(model, &shapes, call.target)?.forward(&inputs).map_err(|error| error.counted_from(start))?;
        inputs.first().map_or(Ok(()), |input| check_rows(input, &output))?;
        parts.push(output);
    }
    match parts.as_slice() {
        [whole] => Ok(whole.clone()),
        parts => Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0),
    }
}
