//! The greatest and the smallest numbers along axes.

use tch::Tensor as Torch;
use xai_core::nn::{Reduce, Reduction};

use crate::backend::ints;
use crate::failure::TchResult;

/// Of equal numbers the first, which alone gets the gradient: libtorch's own over several axes would share it out.
pub(super) fn extreme(op: &Reduce, x: &Torch) -> TchResult {
    if !x.requires_grad() && !op.axes.is_empty() {
        // Forward alone, who is first does not matter.
        let axes = ints(&op.axes);
        return if op.of == Reduction::Min { x.f_amin(axes, true) } else { x.f_amax(axes, true) };
    }
    let (reduced, kept): (Vec<usize>, Vec<usize>) = (0..x.dim()).partition(|axis| op.axes.contains(axis));
    let first = |x: &Torch, axis: i64| {
        let place = match op.of {
            Reduction::Min => x.f_argmin(axis, true)?,
            _ => x.f_argmax(axis, true)?,
        };
        x.f_gather(axis, &place, false)
    };
    match reduced[..] {
        [] => Ok(x.shallow_clone()),
        [axis] => first(x, ints(&[axis])[0]),
        _ => {
            // The reduced axes behind the others, and made one.
            let mut shape = x.size();
            let mut rows: Vec<i64> = kept.iter().map(|&axis| shape[axis]).collect();
            rows.push(reduced.iter().map(|&axis| shape[axis]).product());
            let order = [kept, reduced.clone()].concat();
            let found = first(&x.f_permute(ints(&order))?.f_reshape(rows)?, -1)?;
            reduced.iter().for_each(|&axis| shape[axis] = 1);
            found.f_reshape(shape)
        }
    }
}
