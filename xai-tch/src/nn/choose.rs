//! Entries by fixed places, and choices by a condition.

use tch::Tensor as Torch;

use crate::backend::{int, ints};
use crate::failure::TchResult;

/// The entries of an axis at these places.
pub(super) fn entries(x: &Torch, axis: usize, places: &[usize]) -> TchResult {
    x.f_index_select(int(axis), &Torch::f_from_slice(&ints(places))?.f_to_device(x.device())?)
}

/// a where the condition is not 0, else b.
pub(super) fn select(condition: &Torch, a: &Torch, b: &Torch) -> TchResult {
    let mask = condition.f_ne(0.0)?;
    let chosen = a.f_where_self(&mask, b)?;
    if !condition.requires_grad() {
        return Ok(chosen);
    }
    // To libtorch the condition has nothing to do with the output, which would be an error on the way back. So it is
    // added where a mask of nothing lets it pass: zeros, and zeros back, whatever it and the cotangent are.
    let nothing = condition.f_where_self(&mask.f_zeros_like()?, &condition.f_zeros_like()?)?;
    chosen.f_add(&nothing.f_to_dtype(chosen.f_kind()?, false, false)?)
}
