//! Numbers that were drawn elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::Rng;
use rand::distr::Distribution;

/// A distribution that gives out numbers that were drawn elsewhere, each once, in their order: for a batch that is one
/// block, because each block draws the noise again.
#[derive(Debug, Clone)]
pub struct Replay {
    numbers: Arc<[f64]>,
    next: Arc<AtomicUsize>,
}

impl Replay {
    /// These numbers.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        Replay { numbers: numbers.into_iter().collect(), next: Arc::default() }
    }
}

impl Distribution<f64> for Replay {
    /// Not a number beyond the last: a comparison that draws too much fails.
    fn sample<R: Rng + ?Sized>(&self, _: &mut R) -> f64 {
        self.numbers.get(self.next.fetch_add(1, Ordering::Relaxed)).copied().unwrap_or(f64::NAN)
    }
}
