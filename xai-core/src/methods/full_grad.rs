//! Full gradients: of the input, and of every bias.

use ndarray::{ArrayBase, ArrayD, Data, Dimension};

use crate::explain::finite::check_values;
use crate::explain::sample_rows::{Rows, SampleRows};
use crate::explain::{
    Analyzer, Attribution, Call, Elem, Extras, Inputs, Kind, OutputSelector, Selection, Target, Uploaded, graph_for,
    pulled,
};
use crate::graph::Image;
use crate::op::{Activation, Op, Upsample2d, UpsampleMode};
use crate::rules::{BiasGradients, Unknown};
use crate::{Backend, Differentiable, Element, Error, Result, Tensor, Value};

/// FullGrad: a map of what the input and all biases of the network contributed to the selected output.
///
/// A network that is piecewise linear is y = Σ x · ∂y/∂x + Σ b · ∂y/∂z over the layers z with a bias b, batch norms'
/// shifts among them, exactly. The map adds up these parts, each by ψ: its absolute value, stretched to 0..1 over all
/// numbers of a sample, brought to the input's size (bilinear, between pixel centres), and summed over channels.
///
/// In the map are the parts of steps whose outputs have the image's rows and columns, with the channels in front of
/// them or behind: from the input on through convolutions, pools, norms, sums, joined channels and whatever else leaves
/// numbers at their places. Others are not, even if they have four axes: dense layers', tokens' and attention's, those
/// of sequences that were made of the image, and what stands behind them until it is added to an image or multiplied
/// with one; nor are those of places where each sample has several rows of the batch, as windows of an image, or has
/// them elsewhere than first. Code that nobody can look into is taken to make an image of an image, where it gives four
/// axes. Values are (B, 1, H, W), not negative, in no units.
///
/// The parts as they are, with their signs, are what [`decompose`](FullGrad::decompose) gives. The explanation carries
/// the completeness gap, the sum of all parts less y, those that are not in the map among them: rounding. Steps that
/// are not piecewise linear have y - J x as their bias, number by number, which keeps the sum exact.
///
/// Cost: one pass, and a product for each bias; a pass for each sample more, where a bias stands where the batch axis
/// is in one with others in front of it, so that only a batch of one tells whose numbers are whose. Errors:
/// [`Error::NoRule`] for steps that leave no number at its place and are not affine, as code of another output shape;
/// [`Error::InvalidShape`] unless the input is (B, C, H, W).
///
/// Reference: Srinivas, Fleuret (2019), *Full-Gradient Representation for Neural Network Visualization*,
/// arXiv:1905.00780.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, FullGrad, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let why = FullGrad::new().analyze(&net, &photo, 0)?;
/// // Without biases it is the input's part alone: the first channel times 1/4, from 0 to 1 already.
/// assert_eq!(why.values, array![[[[0.25, 0.5], [0.75, 1.0]]]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("full-gradient"))]
pub struct FullGrad {
    unknown: Unknown,
}

/// The parts that add up to an output: see [`FullGrad::decompose`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{FullGrad, NdArray, Tensor};
///
/// let tensor = |a: ndarray::ArrayD<f64>| Tensor::<NdArray<f64>>::upload(a.view(), &());
/// let linear = Linear::new(tensor(array![[2.0, -1.0]].into_dyn())?, tensor(array![0.5].into_dyn())?)?;
/// let net = Sequential::new().push_named("dense", linear).push(Activation::Relu);
/// let parts = FullGrad::new().decompose(&net, &array![[1.0, 1.0]], 0)?;
/// let of_biases: f64 = parts.biases.iter().map(|(_, numbers)| numbers.sum()).sum();
/// assert_eq!((parts.input.sum(), of_biases, parts.output[[0, 0]]), (1.0, 0.5, 1.5));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FullGradients<E: Element> {
    /// x · ∂y/∂x, in the input's shape.
    pub input: ArrayD<E>,
    /// b · ∂y/∂z of each step with a bias: the names that lead to it, and its numbers in its output's shape, samples
    /// first: their axis is moved there from elsewhere. Where each sample has several rows, an axis of the samples
    /// stands in front of these.
    ///
    /// A step is an operation, of which a layer may have several, and which may have other axes than the layer: a
    /// convolution of sequences is one of images of one row, (B, C, 1, L), and one of volumes is one of their slices,
    /// (B, D, C, H, W).
    pub biases: Vec<(String, ArrayD<E>)>,
    /// The model's output.
    pub output: ArrayD<E>,
    /// Which output it is of, for each sample.
    pub selection: Selection,
}

/// The parts, where the model lives.
struct Parts<B: Backend> {
    input: Tensor<B>,
    biases: Vec<Bias<B>>,
    output: Tensor<B>,
    selection: Selection,
}

/// The part of one bias.
struct Bias<B: Backend> {
    name: String,
    /// Samples first.
    numbers: Tensor<B>,
    /// Along which of its axes it has the image's rows and columns.
    image: Option<Image>,
}

impl<B: Backend> Bias<B> {
    /// Of the numbers of a step for so many samples; nothing where nobody can tell whose they are.
    fn new(
        name: String,
        numbers: Tensor<B>,
        (rows, image): (Rows, Option<Image>),
        batch: usize,
    ) -> Result<Option<Self>> {
        let shape = numbers.shape();
        let (&first, rest) = shape.split_first().unwrap_or((&1, &[]));
        let apart = match rows {
            Rows::Along(0) => return Ok(Some(Bias { name, numbers, image })),
            Rows::InFront if first == batch => return Ok(Some(Bias { name, numbers, image })),
            Rows::InFront if first.checked_rem(batch) == Some(0) => {
                numbers.reshape(&[&[batch, first / batch], rest].concat())?
            }
            Rows::Along(axis) => {
                let others = (0..shape.len()).filter(|&other| other != axis);
                numbers.permute(&std::iter::once(axis).chain(others).collect::<Vec<_>>())?
            }
            _ if batch == 1 => numbers.reshape(&[&[1], &shape[..]].concat())?,
            _ => return Ok(None),
        };
        Ok(Some(Bias { name, numbers: apart, image: None }))
    }

    /// The numbers as (B, C, rows, columns), if they are of an image.
    fn maps(&self) -> Result<Option<Tensor<B>>> {
        let Some(image) = self.image.filter(|image| self.numbers.shape().len() == 4 && image.axes == 4) else {
            return Ok(None);
        };
        let channels = (1..4).find(|axis| ![image.rows, image.columns].contains(axis));
        match [0, channels.unwrap_or(0), image.rows, image.columns] {
            [0, 1, 2, 3] => Ok(Some(self.numbers.clone())),
            // The samples are along none of the others.
            order if order[1..].contains(&0) => Ok(None),
            order => self.numbers.permute(&order).map(Some),
        }
    }

    /// The parts of several batches, one behind another.
    fn joined(of_batches: &[&Self]) -> Result<Option<Self>> {
        let Some(first) = of_batches.first() else { return Ok(None) };
        let numbers = Tensor::concat(&of_batches.iter().map(|bias| &bias.numbers).collect::<Vec<_>>(), 0)?;
        Ok(Some(Bias { name: first.name.clone(), numbers, image: first.image }))
    }
}

impl FullGrad {
    /// As the paper has it.
    pub fn new() -> Self {
        FullGrad::default()
    }

    /// What is done at steps of which nobody can tell what they add: by [`Unknown::Gradient`] it is left out.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, Axis, IxDyn, array};
    /// use xai::rules::Unknown;
    /// use xai::{FullGrad, Function, NdArray};
    ///
    /// // A sum by a function of your own, of which nobody can tell that it adds nothing.
    /// type T = ArcArray<f64, IxDyn>;
    /// let sum = |x: &T| x.sum_axis(Axis(1)).insert_axis(Axis(1)).into_shared();
    /// let net = Function::<NdArray<f64>, _, _>::new(sum, |x: &T, v: &T| (x * 0.0 + v).into_shared());
    /// assert!(FullGrad::new().decompose(&net, &array![[1.0, 2.0]], 0).is_err());
    /// let parts = FullGrad::new().unknown(Unknown::Gradient).decompose(&net, &array![[1.0, 2.0]], 0)?;
    /// assert!(parts.input == array![[1.0, 2.0]].into_dyn() && parts.biases.is_empty());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        FullGrad { unknown }
    }

    /// The parts that add up to the selected output, of an input of any shape: as they are, in output units, signed.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Linear, Sequential};
    /// use xai::{FullGrad, Index, NdArray, Tensor};
    ///
    /// let tensor = |a: ndarray::ArrayD<f64>| Tensor::<NdArray<f64>>::upload(a.view(), &());
    /// let linear = Linear::new(tensor(array![[2.0, -1.0]].into_dyn())?, tensor(array![0.5].into_dyn())?)?;
    /// let net = Sequential::new().push_named("dense", linear).push(Activation::Relu);
    /// let parts = FullGrad::new().decompose(&net, &array![[1.0, 1.0]], Index(0))?;
    /// assert_eq!(parts.input, array![[2.0, -1.0]].into_dyn());
    /// assert_eq!(parts.biases, vec![("dense".to_owned(), array![[0.5]].into_dyn())]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`FullGrad`] but for the input's shape, of [`analyze`](Analyzer::analyze), and the selector's.
    pub fn decompose<M, S, D>(
        &self,
        model: &M,
        input: &ArrayBase<S, D>,
        select: impl OutputSelector<Elem<M>>,
    ) -> Result<FullGradients<Elem<M>>>
    where
        M: Differentiable + ?Sized,
        S: Data<Elem = Elem<M>>,
        D: Dimension,
    {
        let inputs = Uploaded::new(model, &input, |inputs| self.check_graph(model, inputs.shapes, inputs.explained))?;
        let call = inputs.call(Target::Choose(&select));
        let Parts { input, biases, output, selection } = self.parts(model, &call)?;
        let (names, mut parts): (Vec<_>, Vec<_>) = biases.into_iter().map(|bias| (bias.name, bias.numbers)).unzip();
        parts.insert(0, input);
        // Checked as the values of an analysis are.
        let found = Attribution { values: parts, output, selection, extras: Extras::default() };
        let values = found.values.iter().map(Tensor::download).collect::<Result<Vec<_>>>()?;
        let output = found.output.download()?;
        check_values(|_| Ok(None), model, &call, &found, (&values, &output))?;
        let mut values = values.into_iter();
        let input = values.next().ok_or_else(nothing)?;
        Ok(FullGradients { input, biases: names.into_iter().zip(values).collect(), output, selection: found.selection })
    }

    fn check_graph<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        shapes: &[Vec<usize>],
        explained: &[bool],
    ) -> Result<()> {
        model.graph(shapes)?.check(Some(&BiasGradients::new(self.unknown)), explained)
    }

    fn parts<M: Differentiable + ?Sized>(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Parts<M::Backend>> {
        let (input, biases, output, selection) = self.parts_of_rows(model, call)?;
        if let Some(biases) = biases {
            return Ok(Parts { input, biases, output, selection });
        }
        let of_sample = |sample: usize| -> Result<Vec<Bias<M::Backend>>> {
            let inputs = call.inputs.iter().map(|x| x.narrow(0, sample, 1)).collect::<Result<Vec<_>>>()?;
            let (selected, samples) = (selection.part(sample, 1), &call.samples[sample..=sample]);
            let alone = Call { inputs: &inputs, target: Target::Chosen(&selected), samples, ..*call };
            self.parts_of_rows(model, &alone)?.1.ok_or_else(nothing)
        };
        let apart = (0..call.rows()).map(of_sample).collect::<Result<Vec<_>>>()?;
        let of_bias = |bias: usize| {
            let of_samples: Option<Vec<_>> = apart.iter().map(|sample| sample.get(bias)).collect();
            Bias::joined(&of_samples.ok_or_else(nothing)?)
        };
        let biases = (0..apart.first().map_or(0, Vec::len)).map(of_bias).collect::<Result<Option<_>>>()?;
        Ok(Parts { input, biases: biases.ok_or_else(nothing)?, output, selection })
    }

    /// The parts of one pass; those of biases only if it is known which numbers are whose.
    fn parts_of_rows<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
    ) -> Result<OfRows<M::Backend>> {
        let graph = call.graph(model)?;
        let rules = BiasGradients::new(self.unknown);
        graph.check(Some(&rules), call.explained)?;
        let (output, pullback) = graph.vjp(call.inputs, call.explained, Some(&rules))?;
        let selection = call.target.settle_for(call.inputs, &output)?;
        let gradients = pulled(&pullback, &selection.cotangent(&output)?, call.explained)?;
        let (gradient, x) = gradients.iter().zip(call.explained_inputs()).next().ok_or_else(nothing)?;
        let input = gradient.widen()?.mul(&x.widen()?)?;
        let (batch, found, images) = (call.rows(), rules.take(), graph.images(call.explained));
        let shapes = call.shapes();
        let rows = SampleRows::new(&graph, &shapes, |shapes| graph_for(model, shapes, call.target));
        let bias = |(node, part): (usize, Tensor<M::Backend>)| {
            let image = images.get(node).copied().flatten();
            Bias::new(graph.path(Value(node)), part, (rows.of(node), image), batch)
        };
        let biases = found.into_iter().map(bias).collect::<Result<Option<Vec<_>>>>()?;
        Ok((input, biases, output, selection))
    }
}

/// The input's part, those of biases, the output, and what is chosen of it.
type OfRows<B> = (Tensor<B>, Option<Vec<Bias<B>>>, Tensor<B>, Selection);

fn nothing() -> Error {
    Error::backend("the model", "no input is explained")
}

/// The sum of each sample's numbers, (B).
fn sums<B: Backend>(t: &Tensor<B>) -> Result<Tensor<B>> {
    let shape = t.shape();
    let axes: Vec<usize> = (1..shape.len()).collect();
    t.widen()?.sum(&axes)?.reshape(&shape[..1])
}

/// The greatest number of each sample, (B, 1, 1, 1).
fn of_samples<B: Backend>(t: &Tensor<B>) -> Result<Tensor<B>> {
    let shape = t.shape();
    let [samples, numbers] = [shape[0], shape[1..].iter().product()];
    t.reshape(&[samples, numbers])?.max(&[1])?.reshape(&[samples, 1, 1, 1])
}

/// ψ: |t|, stretched to 0..1 over each sample, at this size, summed over channels; (B, 1, H, W).
fn psi<B: Backend>(t: &Tensor<B>, size: [usize; 2]) -> Result<Tensor<B>> {
    let absolute = B::forward(&Op::Activation(Activation::Abs), &[&t.widen()?])?;
    let lowest = of_samples(&absolute.scale(-1.0)?)?;
    let above = absolute.add(&lowest)?;
    // Where all are the same, nothing stands out.
    let map = above.sum(&[1])?.div(&of_samples(&above)?.affine(1.0, 1e-30)?)?;
    if map.shape()[2..] == size {
        return Ok(map);
    }
    let larger = Upsample2d { size, mode: UpsampleMode::Bilinear { align_corners: false } };
    B::forward(&Op::Upsample2d(larger), &[&map])
}

impl<M: Differentiable + ?Sized> Analyzer<M> for FullGrad {
    fn name(&self) -> String {
        "FullGrad".into()
    }

    fn kind(&self) -> Kind {
        Kind::Cam
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        inputs.check_one_explained("FullGrad")?;
        if let Some(got) = inputs.explained_shapes().find(|shape| shape.len() != 4) {
            return Err(Error::InvalidShape {
                what: "input of FullGrad".into(),
                got: got.to_vec(),
                reason: "its map is of images (B, C, H, W): of others, take the parts by `FullGrad::decompose`".into(),
            });
        }
        self.check_graph(model, inputs.shapes, inputs.explained)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let Parts { input, biases, output, selection } = self.parts(model, call)?;
        let shape = input.shape();
        let [_, _, rows, columns] = *shape else {
            return Err(Error::InvalidShape {
                what: "input of FullGrad".into(),
                got: shape,
                reason: "its map is of images (B, C, H, W)".into(),
            });
        };
        let (mut map, mut sum) = (psi(&input, [rows, columns])?, sums(&input)?);
        for bias in &biases {
            sum = sum.add(&sums(&bias.numbers)?)?;
            if let Some(maps) = bias.maps()? {
                map = map.add(&psi(&maps, [rows, columns])?)?;
            }
        }
        let (sum, y) = (sum.download()?, selection.pick(&output)?);
        let gap = sum.iter().zip(y).map(|(sum, y)| sum.as_f64() - y).collect();
        let extras = Extras { completeness_gap: Some(gap), ..Extras::default() };
        Ok(Attribution { values: vec![map], output, selection, extras })
    }
}
