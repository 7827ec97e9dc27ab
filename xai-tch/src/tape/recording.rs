//! Whether a pass is being recorded.

use std::cell::Cell;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(false) };
    static TRAINING: Cell<bool> = const { Cell::new(false) };
}

/// True while a pass is recorded in this thread: what runs inside is a part of it, and must neither detach nor start a
/// tape of its own.
pub(crate) fn is_recording() -> bool {
    RECORDING.get()
}

/// True while a pass that is recorded in this thread is to train weights.
pub(crate) fn is_training() -> bool {
    TRAINING.get()
}

/// Runs a model's passes on libtorch's tape as its user keeps it, weights and all.
pub(crate) fn training<R>(code: impl FnOnce() -> R) -> R {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            TRAINING.set(self.0);
        }
    }
    let (_recording, _before) = (Recording::start(), Before(TRAINING.replace(true)));
    code()
}

/// Marks a pass as recorded for as long as it lives.
pub(super) struct Recording {
    before: bool,
}

impl Recording {
    pub(super) fn start() -> Self {
        Recording { before: RECORDING.replace(true) }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RECORDING.set(self.before);
    }
}
