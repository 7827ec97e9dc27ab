//! Whether a pass is being recorded.

use std::cell::Cell;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(false) };
}

/// True while a pass is recorded in this thread: what runs inside is a part of it, and must neither detach nor start a
/// tape of its own.
pub(crate) fn is_recording() -> bool {
    RECORDING.get()
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
