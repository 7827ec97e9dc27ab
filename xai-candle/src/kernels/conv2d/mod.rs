//! Two-dimensional convolution and its input vjp, for any stride, dilation, padding and number of groups.
//!
//! Neither builds a column matrix. A band of the source that fits into the second-level cache is copied once, padded
//! and split by position mod stride, so that each tap of the kernel reads it at a constant shift (`axis`); a tile of
//! output channels by registers of output pixels stays in the machine's registers while all channels and taps are
//! summed (`tile`). The transpose has the same form, so one loop serves both, and a depthwise convolution is the
//! case of one channel per group.

mod axis;
mod bands;
mod correlation;
mod geometry;
mod plan;
mod source;
mod split;
mod task;
mod tile;

#[cfg(test)]
mod tests;

use pulp::Arch;
use xai_core::Result;

use super::{Real, check_length};
use correlation::Correlation;
pub use geometry::ConvGeometry;

/// The convolution of `x` (B, C, H, W) with `weight` (K, C / groups, kh, kw), plus `bias` (K): (B, K, H', W').
///
/// out\[b, k, i, j\] = bias\[k\] + Σ weight\[k, c, u, v\] · x\[b, c + first channel of k's group, s·i + d·u - p, s·j + d·v - p\]
///
/// # Errors
/// If the geometry makes no sense or a slice has another length than it says.
pub fn forward<T: Real>(x: &[T], weight: &[T], bias: Option<&[T]>, geometry: &ConvGeometry) -> Result<Vec<T>> {
    geometry.check()?;
    check_length("convolution input", x, &geometry.input_shape())?;
    check_length("convolution weight", weight, &geometry.weight_shape())?;
    if let Some(bias) = bias {
        check_length("convolution bias", bias, &[geometry.out_channels])?;
    }
    Ok(Correlation::forward(geometry).run(Arch::new(), x, weight, bias))
}

/// The vjp of [`forward`] with respect to `x`: `dy` (B, K, H', W') pulled back to (B, C, H, W).
///
/// # Errors
/// If the geometry makes no sense or a slice has another length than it says.
pub fn input_vjp<T: Real>(dy: &[T], weight: &[T], geometry: &ConvGeometry) -> Result<Vec<T>> {
    geometry.check()?;
    check_length("convolution cotangent", dy, &geometry.output_shape())?;
    check_length("convolution weight", weight, &geometry.weight_shape())?;
    Ok(Correlation::transposed(geometry).run(Arch::new(), dy, weight, None))
}
