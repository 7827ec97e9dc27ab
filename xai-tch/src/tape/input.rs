//! What forward code is given.

use std::borrow::Borrow;

use tch::Tensor as Torch;
use xai_core::{Error, Pullback, Result, Tensor};

use crate::failure::{catch_panic, failed};
use crate::memory::keep_freed_maps;
use crate::{HostFloat, LibTorch};

/// A tensor of this backend.
pub(crate) type X<E> = Tensor<LibTorch<E>>;

/// What comes of an operation, and its pullback.
pub(crate) type WithPullback<E> = (X<E>, Pullback<'static, LibTorch<E>>);

/// A leaf as the start of a tape: for libtorch's operations and tch's own layers, which leave it alone.
pub(super) fn of_leaf(leaf: &Torch) -> Result<Torch> {
    leaf.f_internal_unsafe_view(leaf.size()).map_err(failed)
}

/// A copy, for code of the user's: a leading in-place activation would write into the analyzer's input, and libtorch
/// refuses it on the very tensor whose gradient is asked for.
pub(super) fn copied(x: &Torch) -> Result<Torch> {
    x.f_kind().and_then(|kind| x.f_to_dtype(kind, false, true)).map_err(failed)
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
