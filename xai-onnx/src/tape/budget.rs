//! How much is brought into memory before any pass: [`Budget`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Fault;

/// How many numbers may be brought into memory before any pass, all together: weights, constants, what is computed
/// beforehand, and lists of places. A few bytes of a file can ask for many of each.
///
/// Clones share what has been spent.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    total: usize,
    /// For the inputs' shapes.
    own: Arc<AtomicUsize>,
    /// For all shapes of the inputs, once.
    kept: Arc<AtomicUsize>,
}

impl Budget {
    pub(crate) fn new(total: usize) -> Self {
        Budget { total, own: Arc::default(), kept: Arc::default() }
    }

    /// For other shapes of the inputs, with what is kept for all of them.
    pub(crate) fn other_shapes(&self) -> Self {
        Budget { own: Arc::default(), ..self.clone() }
    }

    /// As much again, that many times over, for what is not kept.
    pub(crate) fn afresh(&self, times: usize) -> Self {
        Budget::new(self.total.saturating_mul(times))
    }

    /// Takes so many numbers of it, for all shapes of the inputs or for these alone.
    pub(crate) fn spend(&self, numbers: usize, is_kept: bool) -> Result<(), Fault> {
        let of = if is_kept { &self.kept } else { &self.own };
        // Far from where a count would start again: each value is of an array's length, and the first too many ends it.
        of.fetch_add(numbers, Ordering::Relaxed);
        let spent = self.own.load(Ordering::Relaxed).saturating_add(self.kept.load(Ordering::Relaxed));
        if spent <= self.total {
            return Ok(());
        }
        of.fetch_sub(numbers, Ordering::Relaxed);
        let what = "all together that is computed before a pass, weights and constants among it,".into();
        Err(Fault::TooLarge { what, size: spent.to_string(), limit: self.total })
    }
}
