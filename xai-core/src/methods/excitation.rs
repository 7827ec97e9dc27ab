//! Excitation backpropagation.

use super::Lrp;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind, Selection};
use crate::rules::{Composite, Unknown};
use crate::{Backend, Differentiable, Element, Result, Tensor};

/// Excitation backpropagation: the probability that a winner-take-all walk from the selected output, from layer to
/// layer along positive contributions, arrives at an input.
///
/// Values have the input's shape and add up to 1, or to less where a unit has no positive contribution. They are those
/// of [`Lrp`] by [`Composite::excitation_backprop`], z⁺ without biases, begun with 1 in place of the output's value;
/// an output that is 0 gives none. In the paper all values are positive; inputs that are negative contribute here too,
/// by negative weights. Of an intermediate layer, as the paper shows it, by
/// [`AtLayer`](crate::AtLayer). Cost and errors as [`Lrp`].
///
/// Reference: Zhang et al. (2016), *Top-down Neural Attention by Excitation Backprop*, arXiv:1608.00507.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, ExcitationBackprop, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let why = ExcitationBackprop::new().analyze(&net, &photo, 0)?;
/// // The walk goes back from the mean of the first channel: to each number by its share of 10.
/// let expected = array![[[[0.1, 0.2], [0.3, 0.4]], [[0.0, 0.0], [0.0, 0.0]]]];
/// assert!((why.values - expected).iter().all(|gap| gap.abs() < 1e-5));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[doc(alias("EBP", "c-MWP"))]
pub struct ExcitationBackprop(Lrp);

impl ExcitationBackprop {
    /// As the paper has it.
    pub fn new() -> Self {
        ExcitationBackprop(Lrp::new(Composite::excitation_backprop()))
    }

    /// As that of [`Lrp`].
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Linear, Sequential};
    /// use xai::{Analyzer, ExcitationBackprop, NdArray, Tensor};
    ///
    /// // Of 1 + 1 the walk goes to either; beside a stabiliser of 2, half of it goes nowhere.
    /// let ones = Tensor::<NdArray<f64>>::upload(array![[1.0, 1.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push(Linear::new(ones, None)?);
    /// let why = ExcitationBackprop::new().stabilizer(2.0).analyze(&net, &array![[1.0, 1.0]], 0)?;
    /// assert_eq!(why.values, array![[0.25, 0.25]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn stabilizer(self, stabilizer: f64) -> Self {
        ExcitationBackprop(self.0.stabilizer(stabilizer))
    }

    /// What is done at steps without a rule.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, IxDyn, array};
    /// use xai::rules::Unknown;
    /// use xai::{Analyzer, ExcitationBackprop, Function, NdArray};
    ///
    /// // Code that nobody can look into. By its gradient, 2, the walk goes from each number to its own: 4 · 2 / 8.
    /// type T = ArcArray<f64, IxDyn>;
    /// let net = Function::<NdArray<f64>, _, _>::new(|x: &T| x * 2.0, |_: &T, v: &T| v * 2.0);
    /// assert!(ExcitationBackprop::new().analyze(&net, &array![[4.0, 1.0]], 0).is_err());
    /// let why = ExcitationBackprop::new().unknown(Unknown::Gradient).analyze(&net, &array![[4.0, 1.0]], 0)?;
    /// assert_eq!(why.values, array![[1.0, 0.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        ExcitationBackprop(self.0.unknown(unknown))
    }
}

impl Default for ExcitationBackprop {
    fn default() -> Self {
        Self::new()
    }
}

const NAME: &str = "ExcitationBackprop";

/// The multipliers with which the chosen number of each sample becomes 1.
fn one<B: Backend>(selection: &Selection, output: &Tensor<B>) -> Result<Tensor<B>> {
    let cotangent = selection.cotangent(output)?;
    let inverse = selection.pick(output)?.into_iter().map(|y| B::Elem::of(if y == 0.0 { 0.0 } else { 1.0 / y }));
    let mut shape = vec![1; output.shape().len()];
    shape[0] = output.shape()[0];
    let inverse = ndarray::Array1::from_iter(inverse);
    cotangent.mul(&Tensor::upload(inverse.view().into_dyn(), &output.placement())?.reshape(&shape)?)
}

impl<M: Differentiable + ?Sized> Analyzer<M> for ExcitationBackprop {
    fn name(&self) -> String {
        NAME.into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.0.rules(NAME, &model.graph(inputs.shapes)?, inputs.explained, &[]).map(|_| ())
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.0.relevance(NAME, model, call, &[], one::<M::Backend>)
    }
}
