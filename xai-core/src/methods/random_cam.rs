//! A control: random weights.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::cam::{Cam, CamRule, CamSite, cam_rule};
use crate::{Backend, Result, Tensor};

/// Random weights, as a control: relu(Σₖ wₖ Aₖ) with wₖ uniform in -1..1.
///
/// A map that tells no more than this one tells nothing about the output. The weights depend on the seed alone (0
/// unless set) and are shared by the samples of a batch. One forward pass; no gradient.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, NdArray, RandomCam};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let map = RandomCam::at("maps").seed(3).analyze(&net, &photo, 0)?;
/// assert_eq!(map.values.dim(), (1, 1, 2, 2));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("RandomCAM"))]
pub struct RandomCam {
    seed: u64,
}

impl<P> Cam<RandomCam, P> {
    /// The seed of the generator (ChaCha8), 0 unless set.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, NdArray, RandomCam};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// let photo = array![[[[1.0, 3.0]], [[5.0, 0.0]]]];
    /// let of = |seed| RandomCam::at("maps").signed().seed(seed).analyze(&net, &photo, 0);
    /// assert_eq!(of(1)?.values, of(1)?.values);
    /// assert_ne!(of(1)?.values, of(2)?.values);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.rule.seed = seed;
        self
    }
}

impl<B: Backend> CamRule<B> for RandomCam {
    fn name(&self) -> String {
        "RandomCam".into()
    }

    fn reads_gradient(&self) -> bool {
        false
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        let weights: Vec<f64> = (0..site.channels()).map(|_| generator.random_range(-1.0..1.0)).collect();
        site.weighted(&weights.repeat(site.samples()))
    }
}

cam_rule!(RandomCam);
