//! The model's output on masked copies of the input: [`Masked`].

use std::fmt;

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
/// was given, or an output that is not finite is [`Error::Copies`], which says on which copies of which samples;
/// [`for_each`](Masked::for_each) has handed out everything before it by then.
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
        Ok(Masked { model, call: *call, layout, filled, chunk, evaluations, output, selection, clean })
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
    pub fn evaluations_of_a_copy(&self) -> usize {
        self.evaluations
    }

    /// The explained output on copies with these masks: (masks, samples).
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::InvalidParameter`] for a mask that does not fit, [`Error::Copies`].
    pub fn values(&self, masks: impl IntoIterator<Item = impl Into<Mask>>) -> Result<Array2<f64>> {
        let (reporter, mut all) = (Reporter::default(), Vec::new());
        self.run(masks, &mut reporter.start(0), |_, y| {
            all.extend_from_slice(y);
            Ok(())
        })?;
        let samples = self.call.rows();
        Array2::from_shape_vec((all.len() / samples.max(1), samples), all).map_err(|e| Error::backend("ndarray", e))
    }

    /// Hands out the explained output on copies with these masks, as soon as it is there: the mask's number, and the
    /// output of each sample. Nothing of it is kept. An error of `each` ends it.
    ///
    /// # Errors
    /// As [`values`](Masked::values), and those of `each`.
    pub fn for_each(
        &self,
        masks: impl IntoIterator<Item = impl Into<Mask>>,
        each: impl FnMut(usize, &[f64]) -> Result<()>,
    ) -> Result<()> {
        self.run(masks, &mut Reporter::default().start(0), each)
    }

    /// Values of the features, (samples, features), as values of the explained inputs' numbers: each number gets its
    /// feature's value, not a share of it. Of windows that overlap it gets the mean.
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

    /// As [`for_each`](Masked::for_each), with progress.
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
            let y = self.pass(first, &part, progress)?;
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
                let picked = self.forward(&inputs, &target).map_err(|error| {
                    let of = samples.first().copied().unwrap_or(0)..samples.last().map_or(0, |last| last + 1);
                    error.on_copies(first..first + masks.len(), of)
                })?;
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
        let output = graph_for(model, &shapes, call.target)?.forward(&inputs)?;
        inputs.first().map_or(Ok(()), |input| check_rows(input, &output))?;
        parts.push(output);
    }
    match parts.as_slice() {
        [whole] => Ok(whole.clone()),
        parts => Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0),
    }
}
