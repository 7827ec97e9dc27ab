//! Infinite numbers brought to where differences and quotients have their limits.

use candle_core::{DType, Tensor};

/// As `nn::bounded` has it for one number, of candle's tensor operations. Comparisons with a NaN are false: it stays.
pub(crate) fn tensor_bounded(t: &Tensor) -> candle_core::Result<Tensor> {
    let most = if t.dtype() == DType::F64 { f64::MAX } else { f64::from(f32::MAX) } / 8.0;
    let at = |bound: f64| t.zeros_like()?.affine(1.0, bound);
    let t = t.gt(most)?.where_cond(&at(most)?, t)?;
    t.lt(-most)?.where_cond(&at(-most)?, &t)
}
