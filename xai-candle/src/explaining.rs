//! Whether forward code runs inside of an analysis, where weights are constants, or outside, where they may be trained.

use std::cell::Cell;

use candle_core::Tensor;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Runs forward code for an analysis.
pub(crate) fn explaining<R>(code: impl FnOnce() -> R) -> R {
    struct Inside;
    impl Drop for Inside {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get().saturating_sub(1));
        }
    }
    DEPTH.set(DEPTH.get() + 1);
    let _inside = Inside;
    code()
}

/// True when one of the weights is on a tape, and no analysis asks: then somebody trains.
pub(crate) fn are_trained<'a>(weights: impl IntoIterator<Item = &'a Tensor>) -> bool {
    DEPTH.get() == 0 && weights.into_iter().any(Tensor::track_op)
}
