//! Maps that weigh each place by its own gradient: HiResCAM, LayerCAM, and element by element.

use super::cam::{CamRule, CamSite, cam_rule};
use crate::{Backend, Result, Tensor};

/// HiResCAM: relu(Σₖ Gₖᵢ · Aₖᵢ), the gradient times the map, place by place.
///
/// For a head that is linear in the maps, y = Σ w·A + b, the map adds up to y - b before the relu:
/// `HiResCam::at(..).signed()` keeps what the relu cuts off. It is the only one of the family with that.
///
/// Costs what [`GradCam`](crate::GradCam) does; shapes, places and errors are those of [`Cam`](crate::Cam).
///
/// Reference: Draelos, Carin (2020), *Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional
/// neural networks*, arXiv:2011.08891.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, HiResCam, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let map = HiResCam::at("maps").analyze(&net, &photo, 0)?;
/// assert_eq!(map.values, array![[[[0.25, 0.5], [0.75, 1.0]]]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("HiResCAM"))]
pub struct HiResCam;

impl<B: Backend> CamRule<B> for HiResCam {
    fn name(&self) -> String {
        "HiResCam".into()
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        site.gradient()?.mul(site.maps())
    }
}

/// LayerCAM: relu(Σₖ relu(Gₖᵢ) · Aₖᵢ), for places far from the output too, and for several fused
/// ([`LayerCam::at_all`]).
///
/// It shows finer places than [`GradCam`](crate::GradCam), since each has a weight of its own, which is what makes
/// early places of use, where an average over the map says nothing. It adds up to no output: what would reduce the
/// output by growing is left out of every channel, and [`signed`](crate::Cam::signed) does not bring it back. An early
/// place shows edges and textures, of whatever makes them: fuse it with a late one.
///
/// Costs what [`GradCam`](crate::GradCam) does; shapes, places and errors are those of [`Cam`](crate::Cam).
///
/// Reference: Jiang, Zhang, Hou, Cheng, Wei (2021), *LayerCAM: Exploring Hierarchical Class Activation Maps for
/// Localization*, IEEE Transactions on Image Processing 30.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, LayerCam, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let map = LayerCam::at("maps").analyze(&net, &photo, 0)?;
/// assert_eq!(map.values, array![[[[0.25, 0.5], [0.75, 1.0]]]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("LayerCAM"))]
pub struct LayerCam;

impl<B: Backend> CamRule<B> for LayerCam {
    fn name(&self) -> String {
        "LayerCam".into()
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        site.gradient()?.relu()?.mul(site.maps())
    }
}

/// Element by element: Σₖ relu(Gₖᵢ · Aₖᵢ), what speaks for the output, without what speaks against it.
///
/// Costs what [`GradCam`](crate::GradCam) does; shapes, places and errors are those of [`Cam`](crate::Cam).
///
/// Reference: `GradCAMElementWise` of pytorch-grad-cam (Gildenblat et al. 2021).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, ElementWiseCam, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let map = ElementWiseCam::at("maps").analyze(&net, &photo, 0)?;
/// assert_eq!(map.values, array![[[[0.25, 0.5], [0.75, 1.0]]]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("GradCAMElementWise"))]
pub struct ElementWiseCam;

impl<B: Backend> CamRule<B> for ElementWiseCam {
    fn name(&self) -> String {
        "ElementWiseCam".into()
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        site.gradient()?.mul(site.maps())?.relu()
    }
}

cam_rule!(HiResCam, LayerCam, ElementWiseCam);
