//! ShapleyCAM.

use super::cam::{Cam, CamRule, CamSite, cam_rule};
use crate::{Backend, Error, Result, Tensor};

/// ShapleyCAM: relu(Σₖ wₖ Aₖ), wₖ = mean over the places of (G - ½ H·A)ₖ, with H the second derivatives of y with
/// respect to the maps.
///
/// H·A is a central difference of two gradients of the head, (G(A + hA) - G(A - hA)) / 2h, exact up to O(h²); h is
/// 2⁻⁸ unless [`step`](Cam::step) sets it: about the cube root of single precision, in which a backend may compute
/// whatever its arrays are. Where the head is piecewise linear in
/// the maps and y is a logit, H = 0 and it is [`GradCam`](crate::GradCam): explain a
/// [`LogProbability`](crate::LogProbability) to see a difference. A kink between both ends, where biases put one, is
/// taken for curvature.
///
/// Costs what [`GradCam`](crate::GradCam) does, and two more gradients of the head. Shapes, places and errors are those
/// of [`Cam`]; the model must be one that can be cut at the place.
///
/// Reference: Cai (2025), *CAMs as Shapley Value-based Explainers*, arXiv:2501.06261.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, NdArray, ShapleyCam};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(Activation::Power { exponent: 2.0 })
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 3.0]]]];
/// let map = ShapleyCam::at("maps").analyze(&net, &photo, 0)?.values;
/// // y is the mean square: G = A and H·A = A, so that w is half of the mean, 2, that Grad-CAM has.
/// assert!((map - array![[[[1.0, 3.0]]]]).iter().all(|gap| gap.abs() < 1e-9));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[doc(alias("ShapleyCAM"))]
pub struct ShapleyCam {
    step: Option<f64>,
}

/// The step of the central difference, as a share of the maps.
const STEP: f64 = 1.0 / 256.0;

impl<P> Cam<ShapleyCam, P> {
    /// The step h of the central difference, as a share of the maps.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Flatten, Sequential};
    /// use xai::{Analyzer, NdArray, ShapleyCam};
    ///
    /// // y = A⁴ at A = 1: G = 4 and H·A = 12, which the difference gives as 12 + 4 h².
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(Activation::Power { exponent: 4.0 })
    ///     .push(Flatten::default());
    /// for step in [0.5, 0.01] {
    ///     let map = ShapleyCam::at("maps").step(step).signed().analyze(&net, &array![[[[1.0]]]], 0)?.values;
    ///     let expected = 4.0 - 0.5 * (12.0 + 4.0 * step * step);
    ///     assert!((map[[0, 0, 0, 0]] - expected).abs() < 1e-9);
    /// }
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn step(mut self, step: f64) -> Self {
        self.rule.step = Some(step);
        self
    }
}

impl<B: Backend> CamRule<B> for ShapleyCam {
    fn name(&self) -> String {
        "ShapleyCam".into()
    }

    fn runs_head(&self) -> bool {
        true
    }

    fn check(&self, _: &[usize], _: Option<&[usize]>) -> Result<()> {
        match self.step {
            Some(step) if !(step.is_finite() && step > 0.0) => Err(Error::InvalidParameter {
                name: "step",
                value: step.to_string(),
                reason: "it must be positive".into(),
            }),
            _ => Ok(()),
        }
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let (maps, spatial) = (site.maps(), site.spatial());
        let step = self.step.unwrap_or(STEP);
        let moved = |by: f64| site.gradient_at(&maps.scale(1.0 + by)?);
        let curvature = moved(step)?.sub(&moved(-step)?)?.scale(0.5 / step)?;
        let weights = site.gradient()?.sub(&curvature.scale(0.5)?)?.mean(&spatial)?;
        maps.mul(&weights)
    }
}

cam_rule!(ShapleyCam);
