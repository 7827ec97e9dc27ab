//! Grad-CAM's relatives that weigh channels by other means of the gradient: Grad-CAM++ and XGrad-CAM.

use super::cam::{CamRule, CamSite, cam_rule};
use crate::passes::stabilised;
use crate::{Backend, Result, Tensor};

/// Nothing is divided by less.
const EPSILON: f64 = 1e-7;

/// Grad-CAM++: relu(Σₖ wₖ Aₖ), wₖ = Σᵢ αₖᵢ · relu(Gₖᵢ), αₖᵢ = 1 / (2 + Sₖ · Gₖᵢ), Sₖ = Σᵢ Aₖᵢ.
///
/// That is the paper's α = G² / (2G² + S·G³) where G ≠ 0; where G = 0 nothing is added, so that no constant is needed.
/// The formula takes exp(y) for what is explained, so that the map does not scale with y: half the output does not
/// give half the map. Where channels have negative sums, as behind GELU, the divisor can come near 0; it is kept from
/// it by 1e-7.
///
/// Costs what [`GradCam`](crate::GradCam) does; shapes, places and errors are those of [`Cam`](crate::Cam).
///
/// Reference: Chattopadhay, Sarkar, Howlader, Balasubramanian (2018), *Grad-CAM++: Improved Visual Explanations for
/// Deep Convolutional Networks*, arXiv:1710.11063.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, GradCamPlusPlus, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let map = GradCamPlusPlus::at("maps").analyze(&net, &photo, 0)?.values;
/// // G = 1/4 at each of 4 places, and S = 10: w = 4 · 1/4 / (2 + 10/4).
/// let expected = array![[[[1.0, 2.0], [3.0, 4.0]]]] / 4.5;
/// assert!((map - expected).iter().all(|gap| gap.abs() < 1e-6));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("GradCAMPlusPlus"))]
pub struct GradCamPlusPlus;

impl<B: Backend> CamRule<B> for GradCamPlusPlus {
    fn name(&self) -> String {
        "GradCamPlusPlus".into()
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let (maps, gradient, spatial) = (site.maps(), site.gradient()?, site.spatial());
        let divisor = gradient.mul(&maps.sum(&spatial)?)?.affine(1.0, 2.0)?;
        let weights = gradient.relu()?.div(&stabilised(&divisor, EPSILON)?)?.sum(&spatial)?;
        maps.mul(&weights)
    }
}

/// XGrad-CAM: relu(Σₖ wₖ Aₖ), wₖ = Σᵢ Gₖᵢ Aₖᵢ / Sₖ, Sₖ = Σᵢ Aₖᵢ.
///
/// The mean of the gradient, weighted by the map, so that for a head that is linear in the maps the map adds up to the
/// output before the relu, as [`HiResCam`](crate::HiResCam)'s does, up to its bias. Sₖ is kept from 0 by 1e-7, on its
/// own side of it; a channel of zeros contributes nothing.
///
/// It shows what [`GradCam`](crate::GradCam) does, with weights that share out the output as well as one for each
/// channel can. That is one still, for all places of it: which of them contributed is not told. Where a channel's
/// numbers nearly cancel each other, its weight is large and says little. Biases behind the place are no part of it.
///
/// Costs what [`GradCam`](crate::GradCam) does; shapes, places and errors are those of [`Cam`](crate::Cam).
///
/// Reference: Fu, Hu, Dong, Guo, Gao, Li (2020), *Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation
/// of CNNs*, arXiv:2008.02312.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, NdArray, XGradCam};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(Activation::Power { exponent: 2.0 })
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 3.0]]]];
/// let map = XGradCam::at("maps").analyze(&net, &photo, 0)?.values;
/// // y is the mean square, G = A: w = (1 · 1 + 3 · 3) / (1 + 3), where Grad-CAM has the mean, 2.
/// assert!((map - array![[[[2.5, 7.5]]]]).iter().all(|gap| gap.abs() < 1e-6));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("XGradCAM"))]
pub struct XGradCam;

impl<B: Backend> CamRule<B> for XGradCam {
    fn name(&self) -> String {
        "XGradCam".into()
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let (maps, spatial) = (site.maps(), site.spatial());
        let products = site.gradient()?.mul(maps)?.sum(&spatial)?;
        maps.mul(&products.div(&stabilised(&maps.sum(&spatial)?, EPSILON)?)?)
    }
}

cam_rule!(GradCamPlusPlus, XGradCam);
