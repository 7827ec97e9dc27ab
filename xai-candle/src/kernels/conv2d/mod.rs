//! Two-dimensional convolution and its input vjp, for any stride, dilation, padding and number of groups.
//!
//! Neither builds a column matrix. A band of the source that fits into the second-level cache is copied once, padded
//! and split by position mod stride, so that each tap of the kernel reads it at a constant shift (`axis`); a tile of
//! output channels by registers of output pixels stays in the machine's registers while all channels of the band and
//! taps are summed (`tile`). Many channels are summed part by part, so that a band of them has rows enough to be worth
//! laying out the weights for (`split`). The transpose has the same form, so one loop serves both, and a depthwise
//! convolution is the case of one channel per group.
//!
//! Kernels of 3 × 3 with stride 1 need fewer multiplications: see `winograd`. What is done to the numbers before and
//! after the sum is in `ends`.

mod axis;
mod bands;
mod correlation;
mod ends;
mod geometry;
mod outer_loops;
mod plan;
mod source;
mod split;
mod task;
mod tile;
mod winograd;

#[cfg(test)]
mod tests;

use pulp::Arch;
use xai_core::Result;

use super::{Real, buffer, check_length};
use correlation::Correlation;
pub use ends::{Finish, Source};
pub use geometry::ConvGeometry;
use winograd::Winograd;

/// The convolution of `x` (B, C, H, W) with `weight` (K, C / groups, kh, kw), plus `bias` (K): (B, K, H', W').
///
/// out\[b, k, i, j\] = bias\[k\] + Σ weight\[k, c, u, v\] ·
/// x\[b, c + first channel of k's group, s·i + d·u - p, s·j + d·v - p\]
///
/// # Errors
/// If the geometry makes no sense or a slice has another length than it says.
pub fn forward<T: Real>(x: &[T], weight: &[T], bias: Option<&[T]>, geometry: &ConvGeometry) -> Result<Vec<T>> {
    forward_into(x.into(), weight, Finish { shift: bias, ..Finish::default() }, geometry, Vec::new())
}

/// The vjp of [`forward`] with respect to `x`: `dy` (B, K, H', W') pulled back to (B, C, H, W).
///
/// # Errors
/// If the geometry makes no sense or a slice has another length than it says.
pub fn input_vjp<T: Real>(dy: &[T], weight: &[T], geometry: &ConvGeometry) -> Result<Vec<T>> {
    input_vjp_into(dy.into(), weight, Finish::default(), geometry, Vec::new())
}

/// [`forward`] with more done at both ends, into a vector whose memory is used again.
///
/// # Errors
/// If the geometry makes no sense or a slice has another length than it says.
pub fn forward_into<T: Real>(
    x: Source<'_, T>,
    weight: &[T],
    finish: Finish<'_, T>,
    geometry: &ConvGeometry,
    memory: Vec<T>,
) -> Result<Vec<T>> {
    geometry.check()?;
    x.check(geometry.input_shape())?;
    check_length("convolution weight", weight, &geometry.weight_shape())?;
    finish.check(geometry.output_shape())?;
    let mut out = buffer(memory, geometry.output_shape().iter().product());
    let arch = Arch::new();
    match Winograd::forward(geometry).filter(|winograd| winograd.pays::<T>(arch)) {
        Some(winograd) => winograd.run(arch, x, weight, finish, &mut out),
        None => Correlation::forward(geometry).run(arch, x, weight, finish, &mut out),
    }
    Ok(out)
}

/// [`input_vjp`] with more done at both ends, into a vector whose memory is used again.
///
/// # Errors
/// If the geometry makes no sense or a slice has another length than it says.
pub fn input_vjp_into<T: Real>(
    dy: Source<'_, T>,
    weight: &[T],
    finish: Finish<'_, T>,
    geometry: &ConvGeometry,
    memory: Vec<T>,
) -> Result<Vec<T>> {
    geometry.check()?;
    dy.check(geometry.output_shape())?;
    check_length("convolution weight", weight, &geometry.weight_shape())?;
    finish.check(geometry.input_shape())?;
    let mut out = buffer(memory, geometry.input_shape().iter().product());
    let arch = Arch::new();
    match Winograd::transposed(geometry).filter(|winograd| winograd.pays::<T>(arch)) {
        Some(winograd) => winograd.run(arch, dy, weight, finish, &mut out),
        None => Correlation::transposed(geometry).run(arch, dy, weight, finish, &mut out),
    }
    Ok(out)
}
