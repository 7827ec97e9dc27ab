//! Where noise comes from: a distribution and a generator.

use std::fmt;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, s};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{Element, Error, Result};

type Fill = dyn Fn(&mut dyn Rng, &mut [f64]) + Send + Sync;
type Generator = dyn Fn() -> Box<dyn Draw> + Send + Sync;

/// A generator. Normal numbers, millions for one analysis, are drawn where its type is known.
trait Draw {
    fn normals(&mut self, std: f64, values: &mut [f64]);
    fn rng(&mut self) -> &mut dyn Rng;
}

impl<R: Rng> Draw for R {
    fn normals(&mut self, std: f64, values: &mut [f64]) {
        for value in values {
            let z: f64 = StandardNormal.sample(self);
            *value = std * z;
        }
    }

    fn rng(&mut self) -> &mut dyn Rng {
        self
    }
}

/// The law of the noise and the generator it is drawn with. The generator starts anew for every analysis.
#[derive(Clone)]
pub(crate) struct NoiseLaw {
    law: Law,
    generator: Arc<Generator>,
    antithetic: bool,
}

#[derive(Clone)]
enum Law {
    Normal { std: f64 },
    RelativeNormal { std: f64 },
    Distribution(Arc<Fill>),
}

impl NoiseLaw {
    pub(crate) fn normal(std: f64) -> Self {
        NoiseLaw {
            law: Law::Normal { std },
            generator: Arc::new(|| Box::new(ChaCha8Rng::seed_from_u64(0))),
            antithetic: false,
        }
    }

    pub(crate) fn set_std(&mut self, std: f64) {
        self.law = Law::Normal { std };
    }

    pub(crate) fn set_relative_std(&mut self, std: f64) {
        self.law = Law::RelativeNormal { std };
    }

    pub(crate) fn set_distribution(&mut self, distribution: impl Distribution<f64> + Send + Sync + 'static) {
        self.law = Law::Distribution(Arc::new(move |rng, values| {
            values.iter_mut().for_each(|v| *v = distribution.sample(rng));
        }));
    }

    pub(crate) fn set_rng(&mut self, rng: impl Rng + Clone + Send + Sync + 'static) {
        self.generator = Arc::new(move || Box::new(rng.clone()));
    }

    pub(crate) fn set_antithetic(&mut self, antithetic: bool) {
        self.antithetic = antithetic;
    }

    pub(crate) fn set_seed(&mut self, seed: u64) {
        self.set_rng(ChaCha8Rng::seed_from_u64(seed));
    }

    /// Refuses noise that is not among the numbers of the model's number type.
    pub(crate) fn check_fits(&self, largest: f64) -> Result<()> {
        match self.law {
            // Of more than 10 standard deviations there is no number.
            Law::Normal { std } | Law::RelativeNormal { std } if std.is_finite() && std * 10.0 > largest => {
                Err(Error::InvalidParameter {
                    name: "std",
                    value: format!("{std:e}"),
                    reason: format!("the model's number type holds no number above {largest:e}"),
                })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self.law {
            Law::Normal { std } | Law::RelativeNormal { std } if !(std >= 0.0 && std.is_finite()) => {
                Err(Error::InvalidParameter {
                    name: "std",
                    value: std.to_string(),
                    reason: "a standard deviation must be a finite number that is not negative".into(),
                })
            }
            _ => Ok(()),
        }
    }

    /// True when the noise is to be scaled with the range of each sample.
    pub(crate) fn is_relative(&self) -> bool {
        matches!(self.law, Law::RelativeNormal { .. })
    }

    /// True when copies come in pairs of opposite noise.
    pub(crate) fn is_antithetic(&self) -> bool {
        self.antithetic
    }

    /// Noise for samples of so many numbers, with room for at most `most` steps at a time.
    pub(crate) fn start<E: Element>(&self, most: usize, numbers: usize) -> Noise<'_, E> {
        Noise {
            law: &self.law,
            antithetic: self.antithetic,
            rng: (self.generator)(),
            draws: vec![0.0; numbers],
            unpaired: false,
            steps: Array2::from_elem((most, numbers), E::zero()),
        }
    }
}

impl fmt::Debug for NoiseLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.law {
            Law::Normal { std } => write!(f, "Normal {{ std: {std} }}"),
            Law::RelativeNormal { std } => write!(f, "RelativeNormal {{ std: {std} }}"),
            Law::Distribution(_) => f.write_str("Distribution(..)"),
        }
    }
}

/// The noise of one analysis, drawn step by step: the same numbers whatever the batch, the chunks and the backend.
pub(crate) struct Noise<'a, E> {
    law: &'a Law,
    antithetic: bool,
    rng: Box<dyn Draw>,
    draws: Vec<f64>,
    /// True when the last step's noise still waits for its opposite.
    unpaired: bool,
    /// (most, numbers): one buffer for all passes of an analysis.
    steps: Array2<E>,
}

impl<E: Element> Noise<'_, E> {
    /// The noise of the next `steps` steps, of shape (steps, numbers), drawn in `f64`.
    pub(crate) fn next(&mut self, steps: usize) -> ArrayView2<'_, E> {
        let mut noise = self.steps.slice_mut(s![..steps, ..]);
        for mut step in noise.outer_iter_mut() {
            if std::mem::take(&mut self.unpaired) {
                step.iter_mut().zip(&self.draws).for_each(|(v, &draw)| *v = E::of(-draw));
                continue;
            }
            self.unpaired = self.antithetic;
            match self.law {
                Law::Normal { std } | Law::RelativeNormal { std } => self.rng.normals(*std, &mut self.draws),
                Law::Distribution(fill) => fill(self.rng.rng(), &mut self.draws),
            }
            step.iter_mut().zip(&self.draws).for_each(|(v, &draw)| *v = E::of(draw));
        }
        self.steps.slice(s![..steps, ..])
    }
}
