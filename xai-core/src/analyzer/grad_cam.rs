//! Grad-CAM.

use super::{Analyzer, Elem, Target};
use crate::input::check_rows;
use crate::{Attribution, Error, Extras, Kind, LayerSplit, Result, Tensor};

/// Gradient-weighted class activation map at the layer between features and adaptation.
///
/// With feature maps A = features(x) of shape (B, K, spatial axes...):
/// αₖ = mean over the spatial axes of ∂yₜ/∂Aₖ, and the map is relu(Σₖ αₖ Aₖ), of shape (B, 1, spatial axes...).
///
/// Feature maps may have any number of spatial axes, none included. The map is neither normalised nor resized. The
/// feature layers run once, without a tape; gradients are taken from the adaptation layers alone.
///
/// Reference: Selvaraju et al. (2017), *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
/// Localization*, arXiv:1610.02391.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GradCam;

impl<M: LayerSplit + ?Sized> Analyzer<M> for GradCam {
    fn name(&self) -> String {
        "GradCam".into()
    }

    fn kind(&self) -> Kind {
        Kind::Cam
    }

    fn attribute(
        &self,
        model: &M,
        x: &Tensor<M::Backend>,
        target: Target<'_, Elem<M>>,
    ) -> Result<Attribution<M::Backend>> {
        let maps = model.features().forward(x)?;
        let shape = maps.shape();
        if shape.len() < 2 {
            return Err(Error::InvalidShape {
                what: "feature maps".into(),
                got: shape,
                reason: "Grad-CAM needs (batch, channels, spatial axes...): end the feature layers earlier".into(),
            });
        }
        let adaptation = model.adaptation();
        let (output, pullback) = adaptation.vjp(&maps)?;
        check_rows(x, &output)?;
        let selection = target.settle(&output)?;
        let gradient = pullback.pull(&selection.cotangent(&output)?)?;
        let spatial: Vec<usize> = (2..shape.len()).collect();
        let weights = gradient.mean(&spatial)?;
        let values = maps.mul(&weights)?.sum(&[1])?.relu()?;
        Ok(Attribution { values, output, selection, extras: Extras::default() })
    }
}
