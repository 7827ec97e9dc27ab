//! A border around an image.

use candle_core::Tensor;
use xai_core::nn::{Pad2d, Padding};

use super::shift::extend;
use super::{Pull, Ruled};

/// The pullback cuts the border off.
pub(super) fn pad2d(op: &Pad2d, x: &Tensor) -> Ruled {
    let Padding { top, bottom, left, right } = op.padding;
    let (_, _, h, w) = x.dims4()?;
    let y = extend(x, 2, top, top + h + bottom, op.value)?;
    let y = extend(&y, 3, left, left + w + right, op.value)?;
    let pull: Pull = Box::new(move |v| v.narrow(2, top, h)?.narrow(3, left, w)?.contiguous());
    Ok((y, pull))
}
