//! Where class activation maps are made.

use crate::{Differentiable, LayerSplit};

/// Where a class activation map is made: at the model's mark, or at named places.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::{Activation, Flatten, Sequential};
/// use xai::{AtMark, CamPlaces, LayerSplit, NdArray, Split};
///
/// let maps = Sequential::<NdArray>::new().push(Activation::Relu);
/// let net = Split::new(maps, Sequential::new().push(Flatten::default()));
/// let places: &dyn CamPlaces<_> = &AtMark;
/// assert_eq!(places.of(&net), [net.split_at()]);
/// // That is the model's word for it: the caller named none.
/// assert!(places.named().is_empty());
/// ```
pub trait CamPlaces<M: Differentiable + ?Sized> {
    /// The names of the places.
    fn of<'a>(&'a self, model: &'a M) -> Vec<&'a str>;
    /// The names that the caller gave.
    fn named(&self) -> &[String];
}

/// The place that the model marks: [`LayerSplit`].
///
/// ```
/// # use xai_core as xai;
/// use xai::{AtMark, Cam, GradCam};
///
/// // Grad-CAM where the model marks it, and what speaks against the output too.
/// let signed: Cam<GradCam, AtMark> = GradCam::marked().signed();
/// assert_ne!(signed, GradCam::marked());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtMark;

impl<M: LayerSplit + ?Sized> CamPlaces<M> for AtMark {
    fn of<'a>(&'a self, model: &'a M) -> Vec<&'a str> {
        vec![model.split_at()]
    }
    fn named(&self) -> &[String] {
        &[]
    }
}

/// Places by their names: [`Differentiable::places`] lists them.
///
/// ```
/// # use xai_core as xai;
/// use xai::{AtPlaces, Cam, GradCam};
///
/// let elsewhere: Cam<GradCam, AtPlaces> = GradCam::marked().at("layer4.1");
/// assert_eq!(elsewhere, GradCam::at("layer4.1"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtPlaces(pub(super) Vec<String>);

impl<M: Differentiable + ?Sized> CamPlaces<M> for AtPlaces {
    fn of<'a>(&'a self, _: &'a M) -> Vec<&'a str> {
        self.0.iter().map(String::as_str).collect()
    }
    fn named(&self) -> &[String] {
        &self.0
    }
}
