//! A border around an image.

use candle_core::Tensor;
use xai_core::nn::Pad2d;

use super::shift::extend;
use super::{Pull, Ruled, shape};

/// The pullback cuts the border off.
pub(super) fn pad2d(op: &Pad2d, x: &Tensor) -> Ruled {
    let (before, after) = shape::padding(&op.padding);
    let (_, _, h, w) = x.dims4()?;
    let y = extend(x, 2, before[0], before[0] + h + after[0], op.value)?;
    let y = extend(&y, 3, before[1], before[1] + w + after[1], op.value)?;
    let pull: Pull = Box::new(move |v| v.narrow(2, before[0], h)?.narrow(3, before[1], w)?.contiguous());
    Ok((y, pull))
}
