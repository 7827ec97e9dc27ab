//! Where the way back was cut.

use xai_core::{Error, Result};

use super::input::X;
use super::recording::is_recording;
use crate::HostFloat;

const CAUSES: &str = "a `detach`, `no_grad` or download in the forward code; a step without a gradient, as `argmax`, \
                      rounding or a conversion to integers; an output that comes from the parameters alone";

/// No gradient reaches the input.
pub(super) fn detached(at: &str) -> Error {
    Error::Detached { at: at.into(), causes: CAUSES.into() }
}

/// Where the gradient was cut could not be told any more at the end of the tape.
pub(crate) fn check_recorded<E: HostFloat>(inputs: &[&X<E>], y: &X<E>) -> Result<()> {
    let followed = is_recording() && inputs.iter().any(|x| x.inner().requires_grad());
    if followed && !y.inner().requires_grad() { Err(detached("the layer")) } else { Ok(()) }
}
