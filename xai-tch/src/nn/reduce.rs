//! The greatest and the smallest numbers along axes, and sums of all before each.

use tch::Tensor as Torch;
use xai_core::nn::{CumSum, Reduce, Reduction};

use crate::backend::{int, ints};
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

/// Sums along an axis.
pub(super) fn cum_sum(op: CumSum, x: &Torch) -> TchResult {
    let axis = i64::try_from(op.axis).unwrap_or(i64::MAX);
    let turned = |t: Torch| if op.reverse { t.f_flip([axis]) } else { Ok(t) };
    let x = turned(x.shallow_clone())?;
    let sums = x.f_cumsum(axis, x.kind())?;
    let at = usize::try_from(axis.rem_euclid(int(x.dim()).max(1))).unwrap_or(0);
    let length = x.size().get(at).copied().unwrap_or(0);
    if !op.exclusive || length == 0 {
        return turned(sums);
    }
    // What stands in front of each entry: nothing, then the sums but the last. Taken away, it would lose digits.
    let nothing = x.f_narrow(axis, 0, 1)?.f_zeros_like()?;
    turned(Torch::f_cat(&[nothing, sums.f_narrow(axis, 0, length - 1)?], axis)?)
}
