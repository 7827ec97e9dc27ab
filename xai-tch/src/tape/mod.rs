//! libtorch's own differentiation: one tape for each part of a network, to its inputs only.

mod autograd;
mod cut;
mod evaluated;
mod input;
mod recorded;
mod recording;
mod rows;

pub(crate) use self::cut::check_recorded;
pub(crate) use self::evaluated::evaluate;
pub(crate) use self::input::{WithPullback, X};
pub(crate) use self::recorded::{on_tape, record};
pub(crate) use self::recording::{is_recording, is_training, training};
