//! How large the maps are that pass from layer to layer.

use std::cell::Cell;

use super::Backend;

thread_local! {
    static LARGEST: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Runs `work`, and tells how many numbers the largest tensor had that was made meanwhile, on this thread: layers give their maps out as tensors.
///
/// What a framework makes inside of one of its operations, and so inside of a closure, is not seen.
pub(crate) fn largest_map<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let outer = Outer(LARGEST.replace(Some(0)));
    let result = work();
    let found = LARGEST.get().unwrap_or(0);
    drop(outer);
    (result, found)
}

/// The watch that a nested one interrupts. Dropped, also by a panic, it goes on with what the nested one found.
struct Outer(Option<usize>);

impl Drop for Outer {
    fn drop(&mut self) {
        let inner = LARGEST.get().unwrap_or(0);
        LARGEST.set(self.0.map(|largest| largest.max(inner)));
    }
}

pub(super) fn made<B: Backend>(t: &B::Tensor) {
    if LARGEST.get().is_some() {
        map_made(B::shape(t).iter().product());
    }
}

/// For a backend that computes several layers together: a map of so many numbers was made that never becomes a
/// [`Tensor`](crate::Tensor). Where no chunk size is set, the largest map decides how many copies a pass has.
pub fn map_made(numbers: usize) {
    if let Some(largest) = LARGEST.get() {
        LARGEST.set(Some(largest.max(numbers)));
    }
}

#[cfg(test)]
mod tests {
    use ndarray::ArcArray;

    use super::*;
    use crate::{NdArray, Tensor};

    fn make(numbers: usize) {
        let _ = Tensor::<NdArray<f64>>::new(ArcArray::zeros(vec![1, numbers]));
    }

    #[test]
    fn the_largest_is_found_also_by_an_outer_watch_and_after_a_panic() {
        make(99);
        let (inner, outer) = largest_map(|| {
            make(7);
            let ((), inner) = largest_map(|| {
                make(12);
                make(3);
            });
            assert!(std::panic::catch_unwind(|| largest_map(|| panic!("as a user's forward code may"))).is_err());
            inner
        });
        assert_eq!((inner, outer), (12, 12));
        assert_eq!(LARGEST.get(), None);
        assert_eq!(largest_map(|| ()).1, 0);
    }
}
