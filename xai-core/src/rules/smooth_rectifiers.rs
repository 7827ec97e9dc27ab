//! Rectifiers that go back by a derivative without a kink.

use super::Unknown;
use super::rectifiers::{check_unknown, is_rectifier, unknown};
use crate::graph::{Rules, Site};
use crate::op::Activation;
use crate::{Backend, Error, Op, Pullback, Result, Tensor};

/// Rectifiers go back by the derivative of a softplus, and everything else by its gradient: relu by σ(βx), relu6 by
/// σ(βx) - σ(β(x - 6)), σ(t) = 1 / (1 + e⁻ᵗ). Forward they stay what they are.
///
/// Any other elementwise function, and any step that nobody can look into and that is not known to be affine, is
/// refused by the layer's name, or goes back by its gradient: [`Unknown`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::rules::{SmoothRectifiers, Unknown};
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let tensor = |row: [f64; 2]| Tensor::<NdArray<f64>>::upload(array![row].view().into_dyn(), &());
/// let rules = SmoothRectifiers::new(10.0, Unknown::Refuse);
/// let (_, pullback) = net.graph(&[vec![1, 2]])?.vjp(&[tensor([0.0, -100.0])?], &[true], Some(&rules))?;
/// assert_eq!(pullback.pull(&tensor([1.0, 1.0])?)?.download()?, array![[0.5, 0.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmoothRectifiers {
    beta: f64,
    unknown: Unknown,
}

impl SmoothRectifiers {
    /// By the derivative of ln(1 + exp(βx)) / β. A β that is not above 0 is refused where a rectifier is met.
    pub fn new(beta: f64, unknown: Unknown) -> Self {
        SmoothRectifiers { beta, unknown }
    }

    pub(crate) fn unknown(self, unknown: Unknown) -> Self {
        SmoothRectifiers { unknown, ..self }
    }

    pub(crate) fn beta(self, beta: f64) -> Self {
        SmoothRectifiers { beta, ..self }
    }

    pub(crate) fn check_beta(self) -> Result<()> {
        if self.beta.is_finite() && self.beta > 0.0 {
            return Ok(());
        }
        let reason = "it must be finite and above 0: the greater, the nearer to the gradient".into();
        Err(Error::InvalidParameter { name: "beta", value: self.beta.to_string(), reason })
    }
}

impl<B: Backend> Rules<B> for SmoothRectifiers {
    fn takes(&self, site: &Site<'_, '_, B>) -> bool {
        is_rectifier(site) || (self.unknown == Unknown::Refuse && unknown(site).is_some())
    }

    fn check(&self, site: &Site<'_, '_, B>) -> Result<()> {
        self.check_beta()?;
        check_unknown("BetaSmooth", self.unknown, site)
    }

    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        self.check(site)?;
        let output = site.forward(inputs)?;
        let x = &inputs[0];
        let smooth = |kink: f64| B::forward(&Activation::Sigmoid.into(), &[&x.affine(self.beta, -self.beta * kink)?]);
        let slope = match site.op() {
            Some(Op::Activation(Activation::Relu6)) => smooth(0.0)?.sub(&smooth(6.0)?)?,
            _ => smooth(0.0)?,
        };
        Ok((output, Pullback::new(move |v| v.mul(&slope))))
    }
}
