//! Half types, in which sums of many terms are not safe.

use candle_core::{DType, Result, Tensor};

/// True for the number types in which sums of many terms are not safe.
pub(crate) fn is_half(dtype: DType) -> bool {
    matches!(dtype, DType::F16 | DType::BF16)
}

/// Detached, a half type as `f32`.
pub(crate) fn widened(t: &Tensor) -> Result<Tensor> {
    if is_half(t.dtype()) { t.detach().to_dtype(DType::F32) } else { Ok(t.detach()) }
}
