//! VarGrad.

use super::gradient::Gradient;
use super::moment::Moment;
use super::noise::{NoiseAugmentation, noise_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::{Differentiable, Result};

/// The variance of the gradient over noisy copies of the input: 1/(n - 1) Σᵢ (gᵢ - ḡ)², gᵢ = ∂yₜ/∂x (x + εᵢ), ḡ their
/// mean, εᵢ ~ N(0, σ²).
///
/// [`NoiseAugmentation`] over [`Gradient`] with [`Moment::Variance`], n = 50 and σ = 0.1 in the input's units (`std`),
/// seed 0. Values have the input's shape, in squared output units per squared input unit, none negative: how much the
/// gradient changes around the input, nothing for a linear model. Captum's is (n - 1) / n of it. It costs n gradients
/// and a forward pass. Errors are those of `NoiseAugmentation`: n must be at least 2, and copies in pairs are refused.
///
/// Reference: Adebayo, Gilmer, Goodfellow, Kim (2018), *Local Explanation Methods for Deep Neural Networks Lack
/// Sensitivity to Parameter Values*, arXiv:1810.03307.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, NdArray, Net, VarGrad};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// // The gradient is 1 at every copy, so that it does not vary.
/// let why = VarGrad::new().n(20).analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert!(why.values.iter().all(|value| value.abs() < 1e-12));
/// // That of x² is 2 x, and varies by 4 σ².
/// let steep = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 2.0 });
/// let why = VarGrad::new().n(1000).std(0.5).analyze(&steep, &array![[3.0]], 0)?;
/// assert!((why.values[[0, 0]] - 1.0).abs() < 0.2);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("NoiseTunnel", "vargrad"))]
pub struct VarGrad {
    noise: NoiseAugmentation<Gradient>,
}

impl VarGrad {
    /// VarGrad with n = 50 and σ = 0.1.
    pub fn new() -> Self {
        VarGrad { noise: NoiseAugmentation::new(Gradient, 50).std(0.1).moment(Moment::Variance) }
    }

    noise_builders!(noise.settings);
}

impl Default for VarGrad {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for VarGrad {
    fn name(&self) -> String {
        "VarGrad".into()
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
}
