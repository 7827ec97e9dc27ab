//! Which output is explained: [`OutputSelector`].

use ndarray::ArrayViewD;

use super::{OutputScale, Selection};
use crate::{Element, Error, Result};

/// Chooses the output that is explained, from the model's output on the clean input.
///
/// It is asked once; wrappers reuse the choice for every augmented copy. Implement it for a rule of your own:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArrayViewD, array};
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, NdArray, Net, OutputScale, OutputSelector, Result, Selection};
///
/// /// The probability of the second highest class.
/// struct RunnerUp;
/// impl OutputSelector<f32> for RunnerUp {
///     fn select(&self, output: ArrayViewD<'_, f32>) -> Result<Selection> {
///         let runner_up = |scores: ndarray::ArrayView1<'_, f32>| {
///             let mut order: Vec<usize> = (0..scores.len()).collect();
///             order.sort_by(|&i, &j| scores[j].total_cmp(&scores[i]));
///             vec![order[1]]
///         };
///         Ok(output.rows().into_iter().map(runner_up).collect::<Vec<_>>().into())
///     }
///     fn scale(&self) -> OutputScale {
///         OutputScale::Probability
///     }
/// }
///
/// // The other class has a half too.
/// let net = Net::<NdArray, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, 3.0]], RunnerUp)?;
/// assert_eq!((why.selection.indices()[0][0], why.values), (1, array![[-0.25, 0.25]]));
/// # Ok::<(), xai::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` chooses no output of a model with numbers of type `{E}`",
    label = "no choice of an output",
    note = "give a number, as `285`, or `MaxActivation`, `Index([0, 3, 4])`, `PerSample(vec![285, 967])`, \
            `Contrast(285, 281)`, `Probability(MaxActivation)`, or a type of your own with this trait"
)]
pub trait OutputSelector<E: Element> {
    /// What is explained of each sample: an index without the batch axis, `vec![vec![3]].into()`, or
    /// [`Selection::weights`].
    ///
    /// # Errors
    /// The selector's own. What it returns is checked against the output's shape afterwards.
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection>;

    /// What is made of the output before anything of it is chosen: the output that `select` is given.
    fn scale(&self) -> OutputScale {
        OutputScale::AsIs
    }
}

impl<E: Element, S: OutputSelector<E> + ?Sized> OutputSelector<E> for &S {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        (**self).select(output)
    }
    fn scale(&self) -> OutputScale {
        (**self).scale()
    }
}

impl<E: Element, S: OutputSelector<E> + ?Sized> OutputSelector<E> for Box<S> {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        (**self).select(output)
    }
    fn scale(&self) -> OutputScale {
        (**self).scale()
    }
}

/// The highest output of each sample; of equal ones, the first.
///
/// A NaN anywhere in a sample's output is an [`Error::NanOutput`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, MaxActivation, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, 1.0]], MaxActivation)?;
/// assert_eq!(why.selection.indices(), [[0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("argmax"))]
pub struct MaxActivation;

impl<E: Element> OutputSelector<E> for MaxActivation {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        check_batch(output.shape())?;
        let axes = output.shape().get(1..).unwrap_or_default().to_vec();
        let best = output.outer_iter().enumerate().map(|(sample, scores)| argmax(sample, scores, &axes));
        Ok(best.collect::<Result<Vec<_>>>()?.into())
    }
}

/// Refuses an output without a batch axis.
pub(super) fn check_batch(output: &[usize]) -> Result<()> {
    if !output.is_empty() {
        return Ok(());
    }
    Err(Error::InvalidShape {
        what: "model output".into(),
        got: vec![],
        reason: "it has no batch axis; a model must return one entry per sample, batch axis first".into(),
    })
}

fn argmax<E: Element>(sample: usize, scores: ArrayViewD<'_, E>, axes: &[usize]) -> Result<Vec<usize>> {
    let index = |flat: usize| {
        let mut rest = flat;
        let mut index: Vec<usize> = axes.iter().rev().map(|&n| (rest % n, rest /= n).0).collect();
        index.reverse();
        index
    };
    let mut best: Option<(usize, E)> = None;
    for (flat, &score) in scores.iter().enumerate() {
        if score.is_nan() {
            return Err(Error::NanOutput { sample, index: index(flat) });
        }
        if best.is_none_or(|(_, highest)| score > highest) {
            best = Some((flat, score));
        }
    }
    best.map(|(flat, _)| index(flat)).ok_or_else(|| Error::InvalidShape {
        what: "model output".into(),
        got: std::iter::once(sample + 1).chain(axes.iter().copied()).collect(),
        reason: "it has no element to choose from".into(),
    })
}

/// The same output for all samples: `Index(285)`, or simply `285`; or `Index([0, 3, 4])` where the output has more
/// axes.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, Index, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, 1.0]], Index(1))?;
/// assert_eq!(why.values, array![[0.0, 1.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias("target", "ClassifierOutputTarget"))]
pub struct Index<I = usize>(pub I);

/// The same output for all samples, by its number alone: `285` is `Index(285)`.
impl<E: Element> OutputSelector<E> for usize {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        Index(*self).select(output)
    }
}

/// Another output for each sample: `PerSample(vec![285, 967])`, or `PerSample(vec![[0, 3, 4], [1, 3, 4]])`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, NdArray, Net, PerSample};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let two = array![[3.0, 1.0], [2.0, 5.0]];
/// let why = Gradient.analyze(&net, &two, PerSample(vec![0, 1]))?;
/// assert_eq!(why.values, array![[1.0, 0.0], [0.0, 1.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerSample<I = usize>(pub Vec<I>);

/// What an output index may be written as: a number, or one number per axis.
///
/// ```
/// # use xai_core as xai;
/// use xai::OutputIndex;
///
/// assert_eq!((7.numbers(), [1, 2].numbers()), (vec![7], vec![1, 2]));
/// ```
pub trait OutputIndex {
    /// One number per output axis after the batch axis.
    fn numbers(&self) -> Vec<usize>;
}

impl OutputIndex for usize {
    fn numbers(&self) -> Vec<usize> {
        vec![*self]
    }
}

impl<const N: usize> OutputIndex for [usize; N] {
    fn numbers(&self) -> Vec<usize> {
        self.to_vec()
    }
}

impl OutputIndex for Vec<usize> {
    fn numbers(&self) -> Vec<usize> {
        self.clone()
    }
}

impl OutputIndex for (usize, usize) {
    fn numbers(&self) -> Vec<usize> {
        vec![self.0, self.1]
    }
}

impl OutputIndex for (usize, usize, usize) {
    fn numbers(&self) -> Vec<usize> {
        vec![self.0, self.1, self.2]
    }
}

impl<E: Element, I: OutputIndex> OutputSelector<E> for Index<I> {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        let batch = output.shape().first().copied().unwrap_or(0);
        Ok(vec![self.0.numbers(); batch].into())
    }
}

impl<E: Element, I: OutputIndex> OutputSelector<E> for PerSample<I> {
    fn select(&self, _: ArrayViewD<'_, E>) -> Result<Selection> {
        Ok(self.0.iter().map(OutputIndex::numbers).collect::<Vec<_>>().into())
    }
}
