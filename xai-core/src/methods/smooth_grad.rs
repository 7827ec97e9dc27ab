//! SmoothGrad.

use super::from_reference::FromReference;
use super::gradient::Gradient;
use super::noise::{NoiseAugmentation, noise_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::{Differentiable, Result, Tensor};

/// The gradient, averaged over noisy copies of the input: 1/n Σᵢ ∂yₜ/∂x (x + εᵢ), εᵢ ~ N(0, σ²).
///
/// [`NoiseAugmentation`] over [`Gradient`], with n = 50 and σ = 0.1 in the input's units (`std`); seed 0.
/// Values have the input's shape, in output units per input unit, signed. Errors are those of `NoiseAugmentation`.
///
/// The paper recommends a σ of 10 to 20 % of the input's range: `relative_std(0.15)`.
///
/// Over another analyzer than the gradient: [`SmoothGrad::over`], whose values have that one's units.
///
/// Reference: Smilkov, Thorat, Kim, Viégas, Wattenberg (2017), *SmoothGrad: removing noise by adding noise*,
/// arXiv:1706.03825.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, NdArray, Net, SmoothGrad};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = SmoothGrad::new().n(20).std(0.5).seed(7).analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert_eq!(why.values, array![[1.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("NoiseTunnel"))]
pub struct SmoothGrad<A = Gradient> {
    noise: NoiseAugmentation<A>,
}

impl SmoothGrad {
    /// SmoothGrad with n = 50 and σ = 0.1.
    pub fn new() -> Self {
        SmoothGrad::over(Gradient)
    }
}

impl<A> SmoothGrad<A> {
    /// Any analyzer in place of the gradient, averaged in the same way: n = 50 and σ = 0.1.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, Index, IntegratedGradients, NdArray, Net, SmoothGrad};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let analyzer = SmoothGrad::over(IntegratedGradients::new().n(10)).n(20).std(0.01);
    /// let why = analyzer.analyze(&net, &array![[2.0, -1.0]], Index(0))?;
    /// assert_eq!(why.analyzer, "SmoothGrad(IntegratedGradients)");
    /// assert!((why.values[[0, 0]] - 2.0).abs() < 0.3);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn over(analyzer: A) -> Self {
        SmoothGrad { noise: NoiseAugmentation::new(analyzer, 50).std(0.1) }
    }

    noise_builders!(noise.settings);
}

impl Default for SmoothGrad {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized, A: Analyzer<M>> Analyzer<M> for SmoothGrad<A> {
    fn name(&self) -> String {
        match self.noise.analyzer.name().as_str() {
            "Gradient" => "SmoothGrad".into(),
            other => format!("SmoothGrad({other})"),
        }
    }

    fn kind(&self) -> Kind {
        self.noise.analyzer.kind()
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

impl<M: Differentiable + ?Sized, A: FromReference<M>> FromReference<M> for SmoothGrad<A> {
    fn attribute_from(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        references: &[Tensor<M::Backend>],
    ) -> Result<Attribution<M::Backend>> {
        self.noise.attribute_from(model, call, references)
    }
}
