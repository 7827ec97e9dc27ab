//! What forward code is given.

use std::borrow::Borrow;

use tch::Tensor as Torch;
use xai_core::{Error, Result, Tensor};

use crate::failure::{catch_panic, failed};
use crate::memory::keep_freed_maps;
use crate::{HostFloat, LibTorch};

/// A tensor of this backend.
pub(crate) type X<E> = Tensor<LibTorch<E>>;

/// How forward code gets its inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// As they are: for libtorch's operations and tch's own layers, which leave them alone.
    Shared,
    /// Copies, for code of the user's: a leading in-place activation would write into the analyzer's input, and
    /// libtorch refuses it on the very tensor whose gradient is asked for.
    Copied,
}

impl Input {
    /// At the start of a tape.
    pub(super) fn of_leaf(self, x: &Torch) -> Result<Torch> {
        match self {
            Input::Shared => x.f_internal_unsafe_view(x.size()).map_err(failed),
            Input::Copied => self.given(x),
        }
    }

    /// Without a tape, or in the middle of one.
    pub(super) fn given(self, x: &Torch) -> Result<Torch> {
        match self {
            Input::Shared => Ok(x.shallow_clone()),
            Input::Copied => x.f_kind().and_then(|kind| x.f_to_dtype(kind, false, true)).map_err(failed),
        }
    }
}

/// Runs forward code, whose panics become errors.
pub(super) fn run(forward: impl FnOnce(&[&Torch]) -> Result<Torch>, inputs: &[Torch]) -> Result<Torch> {
    let y = catch_panic(|| forward(&inputs.iter().collect::<Vec<_>>()))?;
    if y.defined() {
        return Ok(y);
    }
    Err(Error::InvalidShape {
        what: "model output".into(),
        got: vec![],
        reason: "it is an undefined libtorch tensor: the forward code must return a computed one".into(),
    })
}

/// What comes before any pass.
pub(super) fn check_inputs<E: HostFloat>(x: &[impl Borrow<X<E>>]) -> Result<()> {
    for x in x {
        let x = x.borrow().inner();
        if !x.defined() {
            return Err(Error::InvalidShape {
                what: "model input".into(),
                got: vec![],
                reason: "it is an undefined libtorch tensor: give it numbers first".into(),
            });
        }
        keep_freed_maps(x);
    }
    Ok(())
}
