//! A control: random weights.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::cam::Cam;
use super::named::cam_rule;
use super::rule::CamRule;
use super::site::CamSite;
use crate::{Backend, Result, Tensor};

/// Random weights, as a control: relu(Σₖ wₖ Aₖ) with wₖ uniform in -1..1.
///
/// A map that tells no more than this one tells nothing about the output. The weights depend on the seed alone (0
/// unless set) and are shared by the samples of a batch. One forward pass; no gradient.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RandomCam {
    seed: u64,
}

impl<P> Cam<RandomCam, P> {
    /// The seed of the generator (ChaCha8), 0 unless set.
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
