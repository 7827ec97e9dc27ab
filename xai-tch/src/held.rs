//! A weight that threads share: [`Held`].

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tch::Tensor;

/// A tensor of libtorch's, and what is made of it once.
///
/// A handle of libtorch's counts by itself who holds it, but may be copied by one thread at a time.
pub struct Held {
    tensor: Mutex<Tensor>,
    /// Nobody trains it.
    own: bool,
    made: Mutex<Option<Made>>,
}

/// What was made of a weight's numbers.
struct Made {
    /// libtorch counts how often a tensor is written to.
    version: i64,
    /// What it was made for.
    key: i64,
    tensor: Tensor,
}

impl Held {
    /// A tensor that somebody else may have a handle on.
    pub(crate) fn of(tensor: Tensor) -> Self {
        Held { tensor: Mutex::new(tensor), own: false, made: Mutex::new(None) }
    }

    /// A tensor that the library made of numbers, for a network.
    pub(crate) fn own(tensor: Tensor) -> Self {
        Held { own: true, ..Held::of(tensor) }
    }

    /// Another handle on it.
    pub(crate) fn tensor(&self) -> Tensor {
        locked(&self.tensor).shallow_clone()
    }

    /// What `make` makes of it for this key, made at the first call and kept. `None` where it cannot be made, and for a
    /// tensor that somebody else has: libtorch's optimisers write past its count of writes.
    pub(crate) fn made(&self, key: i64, make: impl FnOnce(&Tensor) -> Option<Tensor>) -> Option<Tensor> {
        if !self.own {
            return None;
        }
        let tensor = self.tensor();
        let version = tensor.f_internal_version().ok()?;
        let mut made = locked(&self.made);
        if made.as_ref().is_none_or(|made| (made.version, made.key) != (version, key)) {
            *made = Some(Made { version, key, tensor: make(&tensor)? });
        }
        made.as_ref().map(|made| made.tensor.shallow_clone())
    }
}

/// Nothing is left half done under a lock, so that a panic does no harm.
fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("own", &self.own).finish_non_exhaustive()
    }
}
