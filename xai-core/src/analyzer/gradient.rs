//! The gradient, and input times gradient.

use super::{Analyzer, Elem, Target};
use crate::input::check_rows;
use crate::{Attribution, Differentiable, Extras, Kind, Result, Tensor};

/// The gradient of the selected output with respect to the input: ∂yₜ/∂x.
///
/// Values have the input's shape, in output units per input unit, signed.
///
/// Reference: Simonyan, Vedaldi, Zisserman (2014), *Deep Inside Convolutional Networks: Visualising Image
/// Classification Models and Saliency Maps*, arXiv:1312.6034.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gradient;

impl<M: Differentiable + ?Sized> Analyzer<M> for Gradient {
    fn name(&self) -> String {
        "Gradient".into()
    }

    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }

    fn is_gradient(&self) -> bool {
        true
    }

    fn attribute(
        &self,
        model: &M,
        x: &Tensor<M::Backend>,
        target: Target<'_, Elem<M>>,
    ) -> Result<Attribution<M::Backend>> {
        let (output, pullback) = model.vjp(x)?;
        check_rows(x, &output)?;
        let selection = target.settle(&output)?;
        let values = pullback.pull(&selection.cotangent(&output)?)?;
        Ok(Attribution { values, output, selection, extras: Extras::default() })
    }
}

/// The input times the gradient of the selected output: x · ∂yₜ/∂x.
///
/// Values have the input's shape, in output units, signed. For a piecewise linear network without biases they add up
/// to the output.
///
/// Reference: Shrikumar, Greenside, Shcherbina, Kundaje (2016), *Not Just a Black Box: Learning Important Features
/// Through Propagating Activation Differences*, arXiv:1605.01713.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InputTimesGradient;

impl<M: Differentiable + ?Sized> Analyzer<M> for InputTimesGradient {
    fn name(&self) -> String {
        "InputTimesGradient".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn attribute(
        &self,
        model: &M,
        x: &Tensor<M::Backend>,
        target: Target<'_, Elem<M>>,
    ) -> Result<Attribution<M::Backend>> {
        let mut gradient = Gradient.attribute(model, x, target)?;
        gradient.values = gradient.values.mul(x)?;
        Ok(gradient)
    }
}
