//! Going to the points and back, along one axis.
//!
//! The points are 0, ±3/4, ±3/2 and ∞. With the usual 0, ±1, ±2 and ∞ the rounding errors are up to three times as
//! large.

use pulp::Simd;

use super::sizes::{POINTS, TILE};
use crate::kernels::Real;

/// The points besides 0 and ∞, up to the sign.
const A: f64 = 0.75;
const B: f64 = 1.5;

/// Six values of a source as the products of its polynomial with the kernel's need them.
#[inline(always)]
pub(super) fn of_source<T: Real, S: Simd>(simd: S, d: [T::Vector<S>; POINTS]) -> [T::Vector<S>; POINTS] {
    let [a, minus_a] = pair::<T, S>(simd, [A, B], d);
    let [b, minus_b] = pair::<T, S>(simd, [B, A], d);
    [end::<T, S>(simd, [d[0], d[2], d[4]]), a, minus_a, b, minus_b, end::<T, S>(simd, [d[1], d[3], d[5]])]
}

/// At a point and at the same with the other sign.
#[inline(always)]
fn pair<T: Real, S: Simd>(simd: S, [point, other]: [f64; 2], d: [T::Vector<S>; POINTS]) -> [T::Vector<S>; 2] {
    let even = times::<T, S>(simd, -other * other, d[2], d[4]);
    let odd = times::<T, S>(simd, -other * other, d[1], d[3]);
    [times::<T, S>(simd, point, odd, even), times::<T, S>(simd, -point, odd, even)]
}

/// At 0 or ∞.
#[inline(always)]
fn end<T: Real, S: Simd>(simd: S, [low, middle, high]: [T::Vector<S>; 3]) -> T::Vector<S> {
    let rest = times::<T, S>(simd, -(A * A + B * B), middle, high);
    times::<T, S>(simd, A * A * B * B, low, rest)
}

/// factor · a + b.
#[inline(always)]
fn times<T: Real, S: Simd>(simd: S, factor: f64, a: T::Vector<S>, b: T::Vector<S>) -> T::Vector<S> {
    T::multiply_add(simd, T::splat(simd, T::of(factor)), a, b)
}

/// The products at the points back to four outputs.
#[inline(always)]
pub(super) fn to_outputs<T: Real, S: Simd>(simd: S, m: [T::Vector<S>; POINTS]) -> [T::Vector<S>; TILE] {
    let sums = [T::sum_of(simd, m[1], m[2]), T::sum_of(simd, m[3], m[4])];
    let differences = [T::difference(simd, m[1], m[2]), T::difference(simd, m[3], m[4])];
    let third = weighted::<T, S>(simd, [A * A * A, B * B * B], differences);
    [
        T::sum_of(simd, m[0], T::sum_of(simd, sums[0], sums[1])),
        weighted::<T, S>(simd, [A, B], differences),
        weighted::<T, S>(simd, [A * A, B * B], sums),
        T::sum_of(simd, m[5], third),
    ]
}

#[inline(always)]
fn weighted<T: Real, S: Simd>(simd: S, [a, b]: [f64; 2], values: [T::Vector<S>; 2]) -> T::Vector<S> {
    times::<T, S>(simd, b, values[1], T::product(simd, T::splat(simd, T::of(a)), values[0]))
}

/// Three weights of a kernel at the points.
#[inline(always)]
pub(super) fn of_kernel<T: Real, S: Simd>(simd: S, g: [T::Vector<S>; 3]) -> [T::Vector<S>; POINTS] {
    let [a, minus_a] = kernel_pair::<T, S>(simd, [A, B], g);
    let [b, minus_b] = kernel_pair::<T, S>(simd, [B, A], g);
    [T::product(simd, T::splat(simd, T::of(1.0 / (A * A * B * B))), g[0]), a, minus_a, b, minus_b, g[2]]
}

/// At a point and at the same with the other sign.
#[inline(always)]
fn kernel_pair<T: Real, S: Simd>(simd: S, [point, other]: [f64; 2], g: [T::Vector<S>; 3]) -> [T::Vector<S>; 2] {
    let scale = 1.0 / (2.0 * point * point * (point * point - other * other));
    let even = weighted::<T, S>(simd, [scale, scale * point * point], [g[0], g[2]]);
    [times::<T, S>(simd, scale * point, g[1], even), times::<T, S>(simd, -scale * point, g[1], even)]
}
