//! The innermost loops: a tile of output rows by registers, summed over channels and taps.

use std::array;

use pulp::Simd;

use super::plan::Register;
use crate::kernels::Real;
use crate::kernels::real::{floats, load};

/// One tap: its offsets in the weight and in the band.
#[derive(Debug, Clone, Copy)]
pub(super) struct TapOffset {
    pub(super) weight: usize,
    pub(super) source: usize,
}

/// What a tile sums over.
#[derive(Debug)]
pub(super) struct Reduction {
    /// The number of source channels.
    pub(super) channels: usize,
    /// The distance between source channels in the weight.
    pub(super) weight_channel: usize,
    /// The distance between output rows in the weight.
    pub(super) weight_row: usize,
    /// The distance between source channels in the band.
    pub(super) source_channel: usize,
    /// The taps of one channel.
    pub(super) taps: Vec<TapOffset>,
    pub(super) sources: Vec<usize>,
    pub(super) in_order: bool,
    pub(super) kernel_taps: usize,
}

/// The output rows of a band, one slice per output channel.
pub(super) trait OutputRows<T> {
    fn row(&mut self, index: usize) -> &mut [T];
}

/// What the rows of a task share.
#[derive(Debug)]
pub(super) struct Rows<'a, T> {
    /// The weight, from the first row on.
    pub(super) weight: &'a [T],
    /// What the sums start from, for each row.
    pub(super) bias: Option<&'a [T]>,
    /// How many rows there are.
    pub(super) count: usize,
    /// The distance of two lanes in the output.
    pub(super) out_step: usize,
}

/// Computes all rows of all registers.
#[inline(always)]
pub(super) fn compute<T: Real, S: Simd, O: OutputRows<T>>(
    simd: S,
    rows: &Rows<'_, T>,
    reduction: &Reduction,
    band: &[T],
    packed: &mut [T],
    registers: &[Register],
    out: &mut O,
) {
    let many = S::REGISTER_COUNT >= 32;
    let mut first = 0;
    while first < rows.count {
        let left = rows.count - first;
        first += if many && left >= 8 {
            row_block::<T, S, O, 8>(simd, rows, first, reduction, band, packed, registers, out)
        } else if left >= 4 {
            row_block::<T, S, O, 4>(simd, rows, first, reduction, band, packed, registers, out)
        } else if left >= 2 {
            row_block::<T, S, O, 2>(simd, rows, first, reduction, band, packed, registers, out)
        } else {
            row_block::<T, S, O, 1>(simd, rows, first, reduction, band, packed, registers, out)
        };
    }
}

/// Computes `M` rows of all registers: as many registers at a time as accumulators fit into the machine's.
#[inline(always)]
fn row_block<T: Real, S: Simd, O: OutputRows<T>, const M: usize>(
    simd: S,
    rows: &Rows<'_, T>,
    first: usize,
    reduction: &Reduction,
    band: &[T],
    packed: &mut [T],
    registers: &[Register],
    out: &mut O,
) -> usize {
    let widest = if M == 1 || (M <= 4 && S::REGISTER_COUNT >= 32) { 6 } else { 3 };
    let packed = &mut packed[..M * reduction.sources.len()];
    pack::<T, M>(packed, rows, first, reduction);
    let mut left = registers;
    while !left.is_empty() {
        left = match left.len() {
            6.. if widest == 6 => tile::<T, S, O, M, 6>(simd, rows, first, reduction, band, left, out, packed),
            3 | 5.. => tile::<T, S, O, M, 3>(simd, rows, first, reduction, band, left, out, packed),
            2 | 4 => tile::<T, S, O, M, 2>(simd, rows, first, reduction, band, left, out, packed),
            _ => tile::<T, S, O, M, 1>(simd, rows, first, reduction, band, left, out, packed),
        };
    }
    M
}

/// Computes `M` rows of the first `N` registers; returns the other registers.
#[inline(always)]
fn tile<'a, T: Real, S: Simd, O: OutputRows<T>, const M: usize, const N: usize>(
    simd: S,
    rows: &Rows<'_, T>,
    first: usize,
    reduction: &Reduction,
    band: &[T],
    registers: &'a [Register],
    out: &mut O,
    packed: &[T],
) -> &'a [Register] {
    let (now, later) = registers.split_at(N);
    let starts: [usize; N] = array::from_fn(|v| now[v].source);
    let mut tile = [T::ZERO; 512];
    let lanes = T::lanes::<S>();
    sum::<T, S, M, N>(simd, rows, first, reduction, band, starts, packed, &mut tile);
    for (m, sums) in tile.chunks_exact(N * lanes).take(M).enumerate() {
        let row = out.row(first + m);
        for (register, lanes) in now.iter().zip(sums.chunks_exact(lanes)) {
            for run in &register.runs {
                let from = &lanes[run.lane..run.lane + run.len];
                if rows.out_step == 1 {
                    row[run.out..run.out + run.len].copy_from_slice(from);
                } else {
                    for (to, from) in row[run.out..].iter_mut().step_by(rows.out_step).zip(from) {
                        *to = *from;
                    }
                }
            }
        }
    }
    later
}

/// Σ over channels and taps of weight · band, for `M` rows and the registers that start at `starts`.
#[inline(always)]
fn sum<T: Real, S: Simd, const M: usize, const N: usize>(
    simd: S,
    rows: &Rows<'_, T>,
    first: usize,
    reduction: &Reduction,
    band: &[T],
    starts: [usize; N],
    packed: &[T],
    tile: &mut [T],
) {
    let mut sums: [[T::Vector<S>; N]; M] =
        array::from_fn(|m| [T::splat(simd, rows.bias.map_or(T::ZERO, |bias| bias[first + m])); N]);
    let (packed, _) = packed.as_chunks::<M>();
    for (weights, &offset) in packed.iter().zip(&reduction.sources) {
        let values: [T::Vector<S>; N] = array::from_fn(|v| load::<T, S>(&band[offset + starts[v]..]));
        for m in 0..M {
            let weight = T::splat(simd, weights[m]);
            for v in 0..N {
                sums[m][v] = T::mul_add(simd, weight, values[v], sums[m][v]);
            }
        }
    }
    let lanes = T::lanes::<S>();
    let tile = &mut tile[..M * N * lanes];
    for m in 0..M {
        for v in 0..N {
            tile[(m * N + v) * lanes..][..lanes].copy_from_slice(floats::<T, S>(&sums[m][v]));
        }
    }
}

/// Lays the weights of `M` rows out in the order of the sum.
#[inline(always)]
fn pack<T: Real, const M: usize>(packed: &mut [T], rows: &Rows<'_, T>, first: usize, reduction: &Reduction) {
    let (packed, _) = packed.as_chunks_mut::<M>();
    let weight = rows.weight.get(first * reduction.weight_row..).unwrap_or_default();
    if reduction.in_order {
        pack_run(packed, weight, reduction.weight_row);
        return;
    }
    let taps = &reduction.taps;
    for (channel, packed) in packed.chunks_exact_mut(taps.len().max(1)).enumerate() {
        let weight = &weight[channel * reduction.weight_channel..];
        if reduction.weight_row == 1 {
            for (to, tap) in packed.iter_mut().zip(taps) {
                to.copy_from_slice(&weight[tap.weight..tap.weight + M]);
            }
            continue;
        }
        let columns: [&[T]; M] = array::from_fn(|m| &weight[m * reduction.weight_row..][..reduction.kernel_taps]);
        for (to, tap) in packed.iter_mut().zip(taps) {
            for m in 0..M {
                to[m] = columns[m][tap.weight];
            }
        }
    }
}

/// Transposes `M` rows of weights that are summed in the order they are stored in.
#[inline(always)]
fn pack_run<T: Real, const M: usize>(packed: &mut [[T; M]], weight: &[T], row: usize) {
    let len = packed.len();
    let columns: [&[T]; M] = array::from_fn(|m| &weight[m * row..][..len]);
    for (p, to) in packed.iter_mut().enumerate() {
        for m in 0..M {
            to[m] = columns[m][p];
        }
    }
}
