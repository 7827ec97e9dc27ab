//! Grad-CAM.

use super::named::cam_rule;
use super::rule::CamRule;
use super::site::CamSite;
use crate::{Backend, Result, Tensor};

/// Gradient-weighted class activation map, at the model's mark: where its features end and its adaptation begins.
///
/// With feature maps A of shape (B, K, spatial axes...):
/// αₖ = mean over the spatial axes of ∂yₜ/∂Aₖ, and the map is relu(Σₖ αₖ Aₖ), of shape (B, 1, spatial axes...).
///
/// Feature maps may have any number of spatial axes, none included. The map is neither normalised nor resized. The
/// feature layers run once, without a tape; gradients are taken from the adaptation layers alone. Elsewhere:
/// [`GradCam::at`], [`GradCam::at_all`]; with what can be set: [`Cam`](crate::Cam).
///
/// Reference: Selvaraju et al. (2017), *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
/// Localization*, arXiv:1610.02391.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GradCam;

impl<B: Backend> CamRule<B> for GradCam {
    fn name(&self) -> String {
        "GradCam".into()
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let weights = site.gradient()?.mean(&site.spatial())?;
        site.maps().mul(&weights)
    }
}

cam_rule!(GradCam);
