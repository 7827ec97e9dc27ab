//! SmoothGrad.

use super::gradient::Gradient;
use super::noise::{NoiseAugmentation, noise_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::{Differentiable, Result};

/// The gradient, averaged over noisy copies of the input: 1/n Σᵢ ∂yₜ/∂x (x + εᵢ), εᵢ ~ N(0, σ²).
///
/// [`NoiseAugmentation`] over [`Gradient`], with n = 50 and σ = 0.1 in the input's units (`std`); seed 0.
/// Values have the input's shape, in output units per input unit, signed. Errors are those of `NoiseAugmentation`.
///
/// The paper recommends a σ of 10 to 20 % of the input's range: `relative_std(0.15)`.
///
/// Reference: Smilkov, Thorat, Kim, Viégas, Wattenberg (2017), *SmoothGrad: removing noise by adding noise*,
/// arXiv:1706.03825.
#[derive(Debug, Clone)]
pub struct SmoothGrad {
    noise: NoiseAugmentation<Gradient>,
}

impl SmoothGrad {
    /// SmoothGrad with n = 50 and σ = 0.1.
    pub fn new() -> Self {
        SmoothGrad { noise: NoiseAugmentation::new(Gradient, 50).std(0.1) }
    }

    noise_builders!(noise.settings);
}

impl Default for SmoothGrad {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for SmoothGrad {
    fn name(&self) -> String {
        "SmoothGrad".into()
    }

    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.noise.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.noise.attribute(model, call)
    }

    fn origin(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Option<String>> {
        self.noise.origin(model, call)
    }
}
