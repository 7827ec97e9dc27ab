//! The gradient, and input times gradient.

use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind, WayBack};
use crate::{Differentiable, Result, Tensor};

/// The gradient of the selected output with respect to the input: ∂yₜ/∂x.
///
/// Values have the input's shape, in output units per input unit, signed.
///
/// Reference: Simonyan, Vedaldi, Zisserman (2014), *Deep Inside Convolutional Networks: Visualising Image
/// Classification Models and Saliency Maps*, arXiv:1312.6034.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = Gradient.analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert_eq!(why.values, array![[1.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("Saliency", "vanilla gradient", "saliency map"))]
pub struct Gradient;

impl Gradient {
    /// The gradient: the same as `Gradient`.
    pub fn new() -> Self {
        Gradient
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for Gradient {
    fn name(&self) -> String {
        "Gradient".into()
    }

    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        model.graph(inputs.shapes)?.check(None, inputs.explained)
    }

    fn way_back(&self) -> Option<WayBack<'_, M::Backend>> {
        Some(WayBack::Gradient)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        call.one_way_back(model, WayBack::Gradient)
    }
}

/// The input times the gradient of the selected output: x · ∂yₜ/∂x.
///
/// Values have the input's shape, in output units, signed. For a piecewise linear network without biases they add up
/// to the output.
///
/// Reference: Shrikumar, Greenside, Shcherbina, Kundaje (2016), *Not Just a Black Box: Learning Important Features
/// Through Propagating Activation Differences*, arXiv:1605.01713.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, InputTimesGradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = InputTimesGradient.analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert_eq!(why.values, array![[3.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("InputXGradient", "GradientXInput"))]
pub struct InputTimesGradient;

impl InputTimesGradient {
    /// Input times gradient: the same as `InputTimesGradient`.
    pub fn new() -> Self {
        InputTimesGradient
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for InputTimesGradient {
    fn name(&self) -> String {
        "InputTimesGradient".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        Gradient.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let mut gradient = Gradient.attribute(model, call)?;
        // Wide: a small gradient times a small number is less than a half type holds.
        let product = |(gradient, x): (&Tensor<M::Backend>, &Tensor<M::Backend>)| gradient.widen()?.mul(&x.widen()?);
        gradient.values = gradient.values.iter().zip(call.explained_inputs()).map(product).collect::<Result<_>>()?;
        Ok(gradient)
    }
}
