//! Integrated Gradients.

use super::from_reference::FromReference;
use super::gradient::Gradient;
use super::interpolation::InterpolationAugmentation;
use super::path_settings::path_builders;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::{Differentiable, Result, Tensor};

/// The gradient's integral along the straight path from a reference: (x - x₀) · ∫₀¹ ∂yₜ/∂x (x₀ + α (x - x₀)) dα.
///
/// [`InterpolationAugmentation`] over [`Gradient`], with n = 50 points, zeros as the reference and the mean over points
/// that include both ends; other rules by [`quadrature`](IntegratedGradients::quadrature). Values have the input's
/// shape, in output units, signed, and add up to f(x) - f(x₀) but for the completeness gap, which comes with the
/// explanation: with a [`Note::LargeGap`](crate::Note::LargeGap) where it is more than a tenth of that change, and
/// than a hundredth of the values' length, as from zeros in front of an RMS norm, whose gradient is 1/√ε there. Errors
/// are those of `InterpolationAugmentation`.
///
/// Reference: Sundararajan, Taly, Yan (2017), *Axiomatic Attribution for Deep Networks*, arXiv:1703.01365.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArcArray, IxDyn, array};
/// use xai::{Analyzer, Function, IntegratedGradients, MaxActivation, NdArray, Quadrature};
///
/// // f(x) = x³: the integral from 0 is f itself.
/// type T = ArcArray<f64, IxDyn>;
/// let cube = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x * x, |x: &T, v: &T| x * x * v * 3.0);
/// let why = IntegratedGradients::new().n(2).quadrature(Quadrature::GaussLegendre);
/// let why = why.analyze(&cube, &array![[2.0]], MaxActivation)?;
/// assert!((why.values[[0, 0]] - 8.0_f64).abs() < 1e-12);
/// assert!(why.extras.completeness_gap.unwrap()[0].abs() < 1e-12);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("LayerIntegratedGradients", "IG"))]
pub struct IntegratedGradients {
    path: InterpolationAugmentation<Gradient>,
}

impl IntegratedGradients {
    /// Integrated Gradients with 50 points from zeros.
    pub fn new() -> Self {
        IntegratedGradients { path: InterpolationAugmentation::new(Gradient, 50) }
    }

    path_builders!(path.settings);
}

impl Default for IntegratedGradients {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for IntegratedGradients {
    fn name(&self) -> String {
        "IntegratedGradients".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.path.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.path.attribute(model, call)
    }

    fn origin(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Option<String>> {
        self.path.origin(model, call)
    }
}

impl<M: Differentiable + ?Sized> FromReference<M> for IntegratedGradients {
    fn attribute_from(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        references: &[Tensor<M::Backend>],
    ) -> Result<Attribution<M::Backend>> {
        self.path.attribute_from(model, call, references)
    }
}
