//! What is explained besides one output: contrasts, sums, regions, probabilities.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

use super::selector::{OutputIndex, OutputSelector, check_batch};
use super::{OutputScale, Selection};
use crate::{Element, Error, Result};

/// A weighted sum of outputs, the same for all samples: `Weighted(vec![(3, 1.0), (5, -0.5)])`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, NdArray, Net, Weighted};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, 1.0]], Weighted(vec![(0, 1.0), (1, -0.5)]))?;
/// assert_eq!(why.values, array![[1.0, -0.5]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted<I = usize>(pub Vec<(I, f64)>);

/// Why one output and not another: `y[a] - y[b]`, the same for all samples.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Contrast, Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, 1.0]], Contrast(0, 1))?;
/// assert_eq!(why.values, array![[1.0, -1.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contrast<I = usize>(pub I, pub I);

/// The sum of all outputs of a sample, as those of a regression.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, NdArray, Net, SumOfOutputs};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, 1.0]], SumOfOutputs)?;
/// assert_eq!(why.values, array![[1.0, 1.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SumOfOutputs;

/// A class over a region of a segmentation: `Σ mask · y[class]`, for an output (B, K, spatial axes...).
///
/// The mask has the spatial axes, the same for all samples, or a batch axis before them.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array4, array};
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, NdArray, Net, Region};
///
/// // Two classes at two by two places; why class 1 on the left?
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let left = Region { class: 1, mask: array![[1.0, 0.0], [1.0, 0.0]].into_dyn() };
/// let why = Gradient.analyze(&net, &Array4::ones((1, 2, 2, 2)), left)?;
/// assert_eq!(why.values, array![[[[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[doc(alias("SemanticSegmentationTarget"))]
pub struct Region {
    /// The class.
    pub class: usize,
    /// What counts how much: 0 and 1, mostly.
    pub mask: ArrayD<f64>,
}

/// A linear functional of your own: from the output on the clean input to weights in its shape.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArrayViewD, array};
/// use xai::nn::Activation;
/// use xai::{Analyzer, Functional, Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// // Each output, as strongly as it is there.
/// let all = Functional(|output: ArrayViewD<'_, f64>| Ok(output.to_owned()));
/// assert_eq!(Gradient.analyze(&net, &array![[3.0, 1.0]], all)?.values, array![[3.0, 1.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Functional<F>(pub F);

/// The output of each sample that a function of it chooses: an index as [`Index`](crate::Index) takes it.
///
/// Errors: as those of [`Index`](crate::Index), for an index that the output does not have.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArrayViewD, array};
/// use xai::nn::Activation;
/// use xai::{Analyzer, Choose, Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// // The lowest.
/// let lowest = Choose(|of: ArrayViewD<'_, f64>| (0..of.len()).min_by(|&i, &j| of[i].total_cmp(&of[j])).unwrap_or(0));
/// let why = Gradient.analyze(&net, &array![[3.0, 1.0], [2.0, 4.0]], lowest)?;
/// assert_eq!(why.values, array![[0.0, 1.0], [1.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choose<F>(pub F);

/// What another selector chooses, of the output's softmax along axis 1: a probability.
///
/// The explanation's output are probabilities then. A completeness gap is one of the probability.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, MaxActivation, NdArray, Net, Probability};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, 1.0]], Probability(MaxActivation))?;
/// assert!(why.values[[0, 0]] > 0.0 && why.values[[0, 1]] < 0.0);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probability<S>(pub S);

/// What another selector chooses, of the logarithm of the output's softmax along axis 1.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, LogProbability, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, 1.0]], LogProbability(0))?;
/// assert!((why.values.sum()).abs() < 1e-12);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogProbability<S>(pub S);

/// Weights in the output's shape, from those of some indices.
fn weights_at<E: Element>(output: ArrayViewD<'_, E>, weighted: &[(Vec<usize>, f64)]) -> Result<Selection> {
    check_batch(output.shape())?;
    let mut weights = ArrayD::<f64>::zeros(output.raw_dim());
    for mut sample in weights.axis_iter_mut(Axis(0)) {
        for (index, weight) in weighted {
            let place = sample.get_mut(IxDyn(index)).ok_or_else(|| Error::OutputIndex {
                index: index.clone(),
                sample: 0,
                output: output.shape().to_vec(),
            })?;
            *place += weight;
        }
    }
    Ok(Selection::weights(&weights))
}

impl<E: Element, I: OutputIndex> OutputSelector<E> for Weighted<I> {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        weights_at(output, &self.0.iter().map(|(index, weight)| (index.numbers(), *weight)).collect::<Vec<_>>())
    }
}

impl<E: Element, I: OutputIndex> OutputSelector<E> for Contrast<I> {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        weights_at(output, &[(self.0.numbers(), 1.0), (self.1.numbers(), -1.0)])
    }
}

impl<E: Element> OutputSelector<E> for SumOfOutputs {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        Ok(Selection::weights(&ArrayD::<f64>::ones(output.raw_dim())))
    }
}

impl<E: Element> OutputSelector<E> for Region {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        let shape = output.shape();
        let (spatial, batch) = (shape.get(2..).unwrap_or_default(), shape.first().copied().unwrap_or(0));
        let classes = shape.get(1).copied().unwrap_or(0);
        if self.class >= classes {
            let index = vec![self.class; shape.len().saturating_sub(1)];
            return Err(Error::OutputIndex { index, sample: 0, output: shape.to_vec() });
        }
        let per_sample = self.mask.ndim() == spatial.len() + 1;
        let expected = if per_sample { [&[batch], spatial].concat() } else { spatial.to_vec() };
        Error::check_shape("mask of the region", &expected, self.mask.shape())?;
        let mut weights = ArrayD::<f64>::zeros(output.raw_dim());
        for (sample, mut all) in weights.axis_iter_mut(Axis(0)).enumerate() {
            let mask = if per_sample { self.mask.index_axis(Axis(0), sample) } else { self.mask.view() };
            all.index_axis_mut(Axis(0), self.class).assign(&mask);
        }
        Ok(Selection::weights(&weights))
    }
}

impl<E: Element, I: OutputIndex, F: Fn(ArrayViewD<'_, E>) -> I> OutputSelector<E> for Choose<F> {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        check_batch(output.shape())?;
        Ok(output.outer_iter().map(|of_sample| self.0(of_sample).numbers()).collect::<Vec<_>>().into())
    }
}

impl<E: Element, F: Fn(ArrayViewD<'_, E>) -> Result<ArrayD<E>>> OutputSelector<E> for Functional<F> {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        self.0(output).map(|weights| Selection::weights(&weights))
    }
}

macro_rules! at_scale {
    ($($selector:ident)*) => {$(
        impl<E: Element, S: OutputSelector<E>> OutputSelector<E> for $selector<S> {
            fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
                self.0.select(output)
            }
            fn scale(&self) -> OutputScale {
                OutputScale::$selector
            }
        }
    )*};
}
at_scale!(Probability LogProbability);
