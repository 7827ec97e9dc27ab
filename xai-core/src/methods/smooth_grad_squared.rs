//! SmoothGrad squared.

use super::gradient::Gradient;
use super::moment::Moment;
use super::noise::{NoiseAugmentation, noise_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::{Differentiable, Result};

/// The squared gradient, averaged over noisy copies of the input: 1/n Σᵢ (∂yₜ/∂x (x + εᵢ))², εᵢ ~ N(0, σ²).
///
/// [`NoiseAugmentation`] over [`Gradient`] with [`Moment::Square`], n = 50 and σ = 0.1 in the input's units (`std`),
/// seed 0. Values have the input's shape, in squared output units per squared input unit, none negative: how strongly
/// the output reacts, without a direction. The extras tell their estimated error. It costs n gradients and a forward
/// pass. Errors are those of `NoiseAugmentation`.
///
/// Reference: Hooker, Erhan, Kindermans, Kim (2019), *A Benchmark for Interpretability Methods in Deep Neural
/// Networks*, arXiv:1806.10758.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, NdArray, Net, SmoothGradSquared};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = SmoothGradSquared::new().n(20).analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert_eq!(why.values, array![[1.0, 0.0]]);
/// // At the foot of x² the gradient is 0, but 2 ε at a copy: 4 σ² in the mean of its squares.
/// let steep = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 2.0 });
/// let why = SmoothGradSquared::new().n(1000).std(0.5).analyze(&steep, &array![[0.0]], 0)?;
/// assert!((why.values[[0, 0]] - 1.0).abs() < 0.2);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("NoiseTunnel", "smoothgrad_sq"))]
pub struct SmoothGradSquared {
    noise: NoiseAugmentation<Gradient>,
}

impl SmoothGradSquared {
    /// SmoothGradSquared with n = 50 and σ = 0.1.
    pub fn new() -> Self {
        SmoothGradSquared { noise: NoiseAugmentation::new(Gradient, 50).std(0.1).moment(Moment::Square) }
    }

    noise_builders!(noise.settings);
}

impl Default for SmoothGradSquared {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for SmoothGradSquared {
    fn name(&self) -> String {
        "SmoothGradSquared".into()
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
