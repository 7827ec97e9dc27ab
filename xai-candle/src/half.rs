//! Half types, in which sums of many terms are not safe.

use candle_core::{DType, Device, Result, Tensor};

/// True for the number types in which sums of many terms are not safe.
pub(crate) fn is_half(dtype: DType) -> bool {
    matches!(dtype, DType::F16 | DType::BF16)
}

/// From so many numbers on, candle's sums in `f32` lose digits: it adds them up one after another.
const MANY: usize = 4096;

/// The sum over axes that there are, in a type that is wide enough for it: `f32` for half types, `f64` for many `f32`
/// numbers on the CPU. On t's tape.
pub(crate) fn summed(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
    let count: usize = axes.iter().filter_map(|&axis| t.dims().get(axis)).product();
    let many = count > MANY && matches!(t.device(), Device::Cpu);
    let dtype = match t.dtype() {
        DType::F16 | DType::BF16 | DType::F32 if many => DType::F64,
        DType::F16 | DType::BF16 => DType::F32,
        other => other,
    };
    let wide = if dtype == t.dtype() { t.clone() } else { t.to_dtype(dtype)? };
    wide.sum_keepdim(axes)
}

/// Detached, a half type as `f32`.
pub(crate) fn widened(t: &Tensor) -> Result<Tensor> {
    if is_half(t.dtype()) { t.detach().to_dtype(DType::F32) } else { Ok(t.detach()) }
}
