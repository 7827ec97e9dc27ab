//! Grad-CAM.

use super::cam::{CamRule, CamSite, cam_rule};
use crate::{Backend, Result, Tensor};

/// Gradient-weighted class activation map, at the model's mark: where its features end, the layers up to the maps that
/// are looked at, and its adaptation begins, those behind them ([`LayerSplit`](crate::LayerSplit)).
///
/// With feature maps A of shape (B, K, spatial axes...):
/// αₖ = mean over the spatial axes of ∂yₜ/∂Aₖ, and the map is relu(Σₖ αₖ Aₖ), of shape (B, 1, spatial axes...).
///
/// Feature maps may have any number of spatial axes, none included. The map is neither normalised nor resized.
/// Elsewhere: [`GradCam::at`], [`GradCam::at_all`]; with what can be set: [`Cam`](crate::Cam).
///
/// It shows in which part of the image that lies which speaks for the output, as coarsely as the maps at the place are.
/// One weight holds for a whole channel: where the gradient is not the same everywhere, it may point at places that
/// contributed nothing, and miss some that did ([`HiResCam`](crate::HiResCam) does not). Behind a global average and a
/// linear layer both are the same. The relu cuts off what speaks against the output: see
/// [`signed`](crate::Cam::signed). Far from the output it says less and less.
///
/// Costs a forward pass of what leads to the place, without a tape, and a gradient of what is behind it. Errors are
/// those of [`Cam`](crate::Cam).
///
/// Reference: Selvaraju et al. (2017), *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
/// Localization*, arXiv:1610.02391.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, GradCam, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let map = GradCam::at("maps").analyze(&net, &photo, 0)?;
/// assert_eq!(map.values, array![[[[0.25, 0.5], [0.75, 1.0]]]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("LayerGradCam", "GradCAM"))]
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
