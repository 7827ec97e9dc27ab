//! The gradient with rectifiers that have no kink.

use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind, WayBack};
use crate::rules::{SmoothRectifiers, Unknown};
use crate::{Differentiable, Result};

/// The gradient of a network whose rectifiers go back without a kink: relu by σ(βx), the derivative of the softplus
/// ln(1 + exp(βx)) / β, in place of the step 1\[x > 0\]; relu6 by σ(βx) - σ(β(x - 6)).
///
/// Values have the input's shape, signed, in output units per unit of the input. For β → ∞ it is
/// [`Gradient`](crate::Gradient). Forward the network stays what it is, as in zennit's composite of this name; the
/// paper puts the softplus in the place of the rectifier forward too. One pass, as the gradient; rectifiers are not
/// computed together with what is in front of them. Wrappers average it. Default: β = 10.
///
/// It shows the gradient of a smoother function than the network: the gradient turns fast where many kinks are near, so
/// that a change of the input that nobody sees may draw another map, and this one turns by as little as β is small. It
/// is no more faithful for that: of units that are off it tells too, and with a small β of little else than the
/// weights.
///
/// Errors: [`Error::InvalidParameter`] for a β that is not above 0, and [`Error::NoRule`] for elementwise functions
/// other than relu and relu6 and for code that nobody can look into, unless their gradient is
/// [asked for](Self::unknown).
///
/// Reference: Dombrowski, Alber, Anders, Ackermann, Müller, Kessel (2019), *Explanations Can Be Manipulated and
/// Geometry Is to Blame*, arXiv:1906.07983.
///
/// [`Error::InvalidParameter`]: crate::Error::InvalidParameter
/// [`Error::NoRule`]: crate::Error::NoRule
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::rules::Unknown;
/// use xai::{Analyzer, BetaSmooth, Index, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = BetaSmooth::new().beta(2.0).analyze(&net, &array![[-0.5, 3.0]], Index(0))?.values;
/// // σ(2 · -0.5): a unit that is off, but near its kink.
/// assert!((why[[0, 0]] - 1.0 / (1.0 + 1.0_f64.exp())).abs() < 1e-12);
/// // Tanh is no rectifier. It is refused, or goes back by its gradient.
/// let tanh = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// assert!(BetaSmooth::new().analyze(&tanh, &array![[0.0]], 0).is_err());
/// assert_eq!(BetaSmooth::new().unknown(Unknown::Gradient).analyze(&tanh, &array![[0.0]], 0)?.values, array![[1.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[doc(alias("ReLUBetaSmooth", "softplus"))]
pub struct BetaSmooth(SmoothRectifiers);

impl BetaSmooth {
    /// With β = 10.
    pub fn new() -> Self {
        BetaSmooth(SmoothRectifiers::new(10.0, Unknown::Refuse))
    }

    /// How fast the derivative of a rectifier rises from 0 to 1.
    #[must_use]
    pub fn beta(self, beta: f64) -> Self {
        BetaSmooth(self.0.beta(beta))
    }

    /// What is done at elementwise functions that are no rectifiers, and at code that nobody can look into.
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        BetaSmooth(self.0.unknown(unknown))
    }
}

impl Default for BetaSmooth {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for BetaSmooth {
    fn name(&self) -> String {
        "BetaSmooth".into()
    }

    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.0.check_beta()?;
        model.graph(inputs.shapes)?.check(Some(&self.0), inputs.explained)
    }

    fn way_back(&self) -> Option<WayBack<'_, M::Backend>> {
        Some(WayBack::Rules(&self.0))
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        call.one_way_back(model, WayBack::Rules(&self.0))
    }
}
