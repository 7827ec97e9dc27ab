//! FEM: what stands out of the maps.

use super::cam::{CamRule, CamSite, cam_rule};
use crate::op::Activation;
use crate::{Backend, Result, Tensor};

/// Feature-based explanation: relu(Σₖ shareₖ · Aₖ), where shareₖ is the share of the places at which Aₖ is more than
/// two standard deviations above its mean. The same for every output.
///
/// The standard deviation is that of the places of one sample's map, divided by their number. A constant map has no
/// share.
///
/// Costs one forward pass; shapes, places and errors are those of [`Cam`](crate::Cam). It needs no gradient: any model
/// that runs forward will do.
///
/// Reference: Fuad, Martin, Giot, Bourqui, Benois-Pineau, Zemmari (2020), *Features Understanding in 3D CNNs for
/// Actions Recognition in Video*, IPTA 2020.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, Fem, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// // Of 6 places one stands out: the mean is 1, the standard deviation √5, and 6 > 1 + 2√5.
/// let photo = array![[[[0.0, 0.0, 6.0], [0.0, 0.0, 0.0]]]];
/// let map = Fem::at("maps").analyze(&net, &photo, 0)?.values;
/// assert!((map - array![[[[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]]]).iter().all(|gap| gap.abs() < 1e-12));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("FEM"))]
pub struct Fem;

impl<B: Backend> CamRule<B> for Fem {
    fn name(&self) -> String {
        "Fem".into()
    }

    fn reads_gradient(&self) -> bool {
        false
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let (maps, spatial) = (site.maps(), site.spatial());
        let centred = maps.sub(&maps.mean(&spatial)?)?;
        let variance = centred.mul(&centred)?.mean(&spatial)?;
        let deviation = B::forward(&Activation::Sqrt.into(), &[&variance])?;
        let above = B::forward(&Activation::Sign.into(), &[&centred.sub(&deviation.scale(2.0)?)?])?.relu()?;
        maps.mul(&above.mean(&spatial)?)
    }
}

cam_rule!(Fem);
