//! Maps by their first principal component: Eigen-CAM and EigenGrad-CAM.

use super::cam::{CamRule, CamSite, cam_rule, principal};
use crate::{Backend, Result, Tensor};

/// Eigen-CAM: relu(M·v), with M the maps as a matrix of places and channels, centred over the places, and v its first
/// right singular vector. The same for every output.
///
/// The sign of a singular vector is arbitrary, which shows as inverted maps elsewhere; here it is the one that
/// correlates with Σₖ Aₖ over the places, or, where that is the same everywhere, the one whose largest magnitude is
/// positive. Of maps with one place, zeros.
///
/// Costs one forward pass, and power iteration on the host: maps travel there. Shapes, places and errors are those of
/// [`Cam`](crate::Cam). It needs no gradient: any model that runs forward will do.
///
/// Reference: Muhammad, Yeasin (2020), *Eigen-CAM: Class Activation Map using Principal Components*, arXiv:2008.00299.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, EigenCam, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// // Around the means the channels are (-1.5, 1.5) and (-2, 2), so that v = (3, 4) / 5.
/// let photo = array![[[[1.0, 4.0]], [[1.0, 5.0]]]];
/// let map = EigenCam::at("maps").analyze(&net, &photo, 0)?.values;
/// assert!((map - array![[[[0.0, 2.5]]]]).iter().all(|gap| gap.abs() < 1e-9));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("EigenCAM"))]
pub struct EigenCam;

impl<B: Backend> CamRule<B> for EigenCam {
    fn name(&self) -> String {
        "EigenCam".into()
    }

    fn reads_gradient(&self) -> bool {
        false
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        principal(site.maps())
    }
}

/// EigenGrad-CAM: as [`EigenCam`], of the gradient times the maps, G·A, so that it differs from output to output.
///
/// Its sign is the one that correlates with Σₖ Gₖ·Aₖ, which is [`HiResCam`](crate::HiResCam)'s map before the relu.
/// Costs what [`GradCam`](crate::GradCam) does, and power iteration on the host.
///
/// Reference: `EigenGradCAM` of pytorch-grad-cam (Gildenblat et al. 2021).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, EigenGradCam, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// // G is 1/2 in the first channel, and 0 in the second: of (1, 4) / 2, what is above the mean.
/// let photo = array![[[[1.0, 4.0]], [[1.0, 5.0]]]];
/// let map = EigenGradCam::at("maps").analyze(&net, &photo, 0)?.values;
/// assert!((map - array![[[[0.0, 0.75]]]]).iter().all(|gap| gap.abs() < 1e-9));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("EigenGradCAM"))]
pub struct EigenGradCam;

impl<B: Backend> CamRule<B> for EigenGradCam {
    fn name(&self) -> String {
        "EigenGradCam".into()
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        principal(&site.gradient()?.mul(site.maps())?)
    }
}

cam_rule!(EigenCam, EigenGradCam);
