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
    /// How many numbers were multiplied, for the inputs' shapes.
    products: Arc<AtomicUsize>,
}

/// So many numbers may be multiplied for each that may be in memory: seconds, and not hours.
const PRODUCTS: usize = 64;

impl Budget {
    pub(crate) fn new(total: usize) -> Self {
        Budget { total, own: Arc::default(), kept: Arc::default(), products: Arc::default() }
    }

    /// For other shapes of the inputs, with what is kept for all of them, and so many numbers more for these.
    pub(crate) fn other_shapes(&self, more: usize) -> Self {
        Budget { total: self.total.saturating_add(more), own: Arc::default(), products: Arc::default(), ..self.clone() }
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
        Err(Fault::TooLarge { what, size: spent.to_string(), limit: self.total, setting: "Reader::limit" })
    }

    /// Takes the time of what multiplies so many numbers for each number of this shape.
    pub(crate) fn multiply(&self, shape: &[usize], each: usize) -> Result<(), Fault> {
        let most = self.total.saturating_mul(PRODUCTS);
        let done = self.products.load(Ordering::Relaxed);
        let count = counted(shape).and_then(|count| count.checked_mul(each)).and_then(|count| done.checked_add(count));
        match count.filter(|&count| count <= most) {
            Some(count) => {
                self.products.store(count, Ordering::Relaxed);
                Ok(())
            }
            None => Err(Fault::TooLarge {
                // As the limit would have to be set.
                what: format!("all together that is multiplied before a pass, {PRODUCTS} products counted as one,"),
                size: written(count.map(|count| count.div_ceil(PRODUCTS))),
                limit: self.total,
                setting: "Reader::limit",
            }),
        }
    }

    /// Checks that there is room for an array of this shape, before it is made. It is not taken of it.
    pub(crate) fn room(&self, what: &str, shape: &[usize]) -> Result<(), Fault> {
        self.room_times(what, shape, 1)
    }

    /// The same for so many arrays of this shape.
    pub(crate) fn room_times(&self, what: &str, shape: &[usize], times: usize) -> Result<(), Fault> {
        let spent = self.own.load(Ordering::Relaxed).saturating_add(self.kept.load(Ordering::Relaxed));
        let count = counted(shape).and_then(|count| count.checked_mul(times));
        let count = count.and_then(|count| spent.checked_add(count));
        match count.filter(|&count| count <= self.total) {
            Some(_) => Ok(()),
            None => Err(Fault::TooLarge {
                what: format!("all together that is computed before a pass, {what} of shape {shape:?} among it,"),
                size: written(count),
                limit: self.total,
                setting: "Reader::limit",
            }),
        }
    }
}

/// How many numbers a shape has. Also where one length is 0, the others together must be countable.
pub(super) fn counted(shape: &[usize]) -> Option<usize> {
    shape.iter().filter(|&&n| n > 0).try_fold(1_usize, |all, &n| all.checked_mul(n))
}

pub(super) fn written(count: Option<usize>) -> String {
    count.map_or_else(|| "uncountably many".into(), |count| count.to_string())
}
