//! What forward code runs for: an analysis, where weights are constants, or training.

use std::cell::Cell;

use candle_core::Tensor;

thread_local! {
    static ANALYSES: Cell<usize> = const { Cell::new(0) };
    static TRAINING: Cell<bool> = const { Cell::new(false) };
}

/// Runs forward code for an analysis.
pub(crate) fn explaining<R>(code: impl FnOnce() -> R) -> R {
    struct Inside;
    impl Drop for Inside {
        fn drop(&mut self) {
            ANALYSES.set(ANALYSES.get().saturating_sub(1));
        }
    }
    ANALYSES.set(ANALYSES.get() + 1);
    let _inside = Inside;
    code()
}

/// Runs a model's passes on candle's tape, weights and all.
pub(crate) fn training<R>(code: impl FnOnce() -> R) -> R {
    with_training(true, code)
}

/// Runs what a rule computes, of which the tape gets the pullback alone.
pub(crate) fn off_the_tape<R>(code: impl FnOnce() -> R) -> R {
    with_training(false, code)
}

fn with_training<R>(training: bool, code: impl FnOnce() -> R) -> R {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            TRAINING.set(self.0);
        }
    }
    let _before = Before(TRAINING.replace(training));
    code()
}

/// True while a model's passes stay on candle's tape.
pub(crate) fn is_training() -> bool {
    TRAINING.get()
}

/// A handle on a tensor: off its tape, unless somebody trains.
pub(crate) fn handle(t: &Tensor) -> Tensor {
    if is_training() { t.clone() } else { t.detach() }
}

/// A weight with its tape, by which it is trained; in an analysis a weight to train is a constant. One that was
/// computed on the tape, as of what is explained, hands its gradient on in both.
pub(crate) fn kept(weight: &Tensor) -> Tensor {
    if ANALYSES.get() > 0 && weight.is_variable() { weight.detach() } else { weight.clone() }
}
