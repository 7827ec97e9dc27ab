//! Ablation-CAM.

use ndarray::Array2;

use super::cam::{Cam, CamRule, CamSite, cam_rule};
use crate::passes::at_least;
use crate::{Backend, Element, Error, Result, Tensor};

/// Ablation-CAM: relu(Σₖ wₖ Aₖ), wₖ = y - yₖ, where yₖ is y with Aₖ set to 0.
///
/// The paper divides the weights by y, which turns all signs around where y is negative; a positive factor changes
/// nothing but the scale. So they are as they are, in output units, and divided by |y| with
/// [`normalised`](Cam::normalised). For a head that is linear in the maps they add up to y - b.
///
/// It shows what the output does without a channel, where a gradient only says how it begins to change: also of units
/// that are saturated. Channels are taken away one at a time, so that of two which say the same neither counts; a head
/// without a channel may be one that it was never trained to be. One weight holds for a whole channel, whose other
/// places come along.
///
/// Only what is behind the place runs again, once for each channel, in chunks; no gradient is taken. Tokens that are
/// no part of the map ([`Cam::tokens`]) stay as they are. Costs one forward pass, and K forward passes of the head.
/// Shapes, places and errors are those of [`Cam`]; the model must be one that can be cut at the place.
///
/// Reference: Desai, Ramaswamy (2020), *Ablation-CAM: Visual Explanations for Deep Convolutional Network via
/// Gradient-free Localization*, WACV 2020.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{AblationCam, Analyzer, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(Activation::Power { exponent: 2.0 })
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let map = AblationCam::at("maps").analyze(&net, &photo, 0)?;
/// // Without the first channel y falls from (1 + 4 + 9 + 16) / 4 to 0; without the second it stays.
/// assert_eq!(map.values, array![[[[7.5, 15.0], [22.5, 30.0]]]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("AblationCAM"))]
pub struct AblationCam {
    normalised: bool,
    chunk: Option<usize>,
}

impl<P> Cam<AblationCam, P> {
    /// Divides the weights by |y|: the share of the output that goes with a channel.
    ///
    /// It is an error where y is 0.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{AblationCam, Analyzer, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// // Of y = 2 all goes with the first channel, and nothing with the second: the weights are 1 and 0.
    /// let photo = array![[[[1.0, 3.0]], [[5.0, 0.0]]]];
    /// let map = AblationCam::at("maps").normalised().analyze(&net, &photo, 0)?;
    /// assert_eq!(map.values, array![[[[1.0, 3.0]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn normalised(mut self) -> Self {
        self.rule.normalised = true;
        self
    }

    /// At most how many samples go through the head in one pass. Unless set, as many as a CPU is fastest with.
    #[must_use]
    pub fn chunk(mut self, chunk: usize) -> Self {
        self.rule.chunk = Some(chunk);
        self
    }
}

impl<B: Backend> CamRule<B> for AblationCam {
    fn name(&self) -> String {
        "AblationCam".into()
    }

    fn reads_gradient(&self) -> bool {
        false
    }

    fn runs_head(&self) -> bool {
        true
    }

    fn variants(&self, channels: usize) -> usize {
        channels
    }

    fn check(&self, _: &[usize], _: Option<&[usize]>) -> Result<()> {
        at_least("chunk", self.chunk.unwrap_or(1), 1)
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let (maps, channels, spatial) = (site.maps(), site.channels(), site.spatial());
        let mut apart = maps.shape();
        apart.insert(1, 1);
        let maps = maps.reshape(&apart)?;
        let without = site.head(channels, self.chunk, |start, copies| {
            let kept = Array2::from_shape_fn((copies, channels), |(copy, channel)| {
                B::Elem::of(if start + copy == channel { 0.0 } else { 1.0 })
            });
            let mut shape = vec![1, copies, channels];
            shape.resize(3 + spatial.len(), 1);
            maps.mul(&Tensor::upload(kept.view().into_dyn(), &maps.placement())?.reshape(&shape)?)
        })?;
        let mut weights = Vec::with_capacity(without.len());
        for (sample, (y, without)) in site.explained()?.into_iter().zip(without.chunks(channels.max(1))).enumerate() {
            if self.normalised && y == 0.0 {
                return Err(Error::InvalidParameter {
                    name: "normalised",
                    value: "true".into(),
                    reason: format!("what is explained is 0 for sample {sample}: leave the weights as they are"),
                });
            }
            let size = if self.normalised { y.abs() } else { 1.0 };
            weights.extend(without.iter().map(|without| (y - without) / size));
        }
        site.weighted(&weights)
    }
}

cam_rule!(AblationCam);
