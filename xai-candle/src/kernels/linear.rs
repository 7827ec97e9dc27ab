//! The fully connected layer: a product of matrices, and a number added to each column.
//!
//! Rows of x lie side by side in the machine's registers, for which x is turned once; the weight, mostly the larger of
//! the two, is read as it lies. A tile of outputs by registers of rows stays in registers while a part of the inputs is
//! summed. All of it, the turning too, is spread over threads.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use xai_core::Result;

use super::real::{floats, lanes, load};
use super::{Real, Scratch, check_length, volume};

/// Registers of rows that are worked off before the next: with them, a part of x stays in the second-level cache.
const REGISTERS: usize = 16;

/// Terms that are summed at a time.
const TERMS: usize = 512;

/// Registers that are summed side by side, at the most: they leave room for a weight and what it is multiplied by.
const WIDEST: usize = 3;

/// Outputs of a task, at the most; a multiple of what a tile has.
const OUTPUTS: usize = 64;

/// Inputs of a task that turns x.
const TURNED: usize = 64;

/// Rows and columns that are exchanged at once.
const TILE: usize = 8;

/// x · Wᵀ + b: `x` (rows, inputs) and `weight` (outputs, inputs) to (rows, outputs).
///
/// A row gives the same numbers whatever other rows there are.
///
/// # Errors
/// If a slice has another length than the sizes say.
pub fn linear<T: Real>(
    x: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    [rows, inputs, outputs]: [usize; 3],
) -> Result<Vec<T>> {
    check_length("input of a linear layer", x, &[rows, inputs])?;
    check_length("weight of a linear layer", weight, &[outputs, inputs])?;
    bias.map_or(Ok(()), |bias| check_length("bias of a linear layer", bias, &[outputs]))?;
    let mut y = vec![T::zero(); volume("output of a linear layer", &[rows, outputs])?];
    if y.is_empty() {
        return Ok(y);
    }
    if inputs == 0 {
        bias.into_iter().for_each(|bias| y.chunks_exact_mut(outputs).for_each(|y| y.copy_from_slice(bias)));
        return Ok(y);
    }
    let arch = Arch::new();
    let lanes = lanes::<T>(arch);
    let mut turned = T::take_scratch(Scratch::Call);
    for (x, y) in x.chunks(REGISTERS * lanes * inputs).zip(y.chunks_mut(REGISTERS * lanes * outputs)) {
        let panels = Panel::all((x.len() / inputs).div_ceil(lanes));
        let pitch = lanes * panels.last().map_or(0, |last| last.before + last.registers);
        if turned.len() < inputs * pitch {
            turned.resize(inputs * pitch, T::zero());
        }
        let turned = &mut turned[..inputs * pitch];
        turn(x, inputs, &panels, lanes, turned);
        let wanted = outputs.div_ceil(4 * rayon::current_num_threads());
        let at_once = wanted.next_multiple_of(TILE).min(OUTPUTS);
        let parts = columns(y, outputs, at_once);
        let all = Product { turned, panels: &panels, pitch, weight, bias, inputs };
        parts.into_par_iter().enumerate().for_each(|(part, y)| {
            let outputs = part * at_once..outputs.min((part + 1) * at_once);
            arch.dispatch(Task { of: &all, outputs, y });
        });
    }
    T::give_scratch(Scratch::Call, turned);
    Ok(y)
}

/// Registers side by side, which are summed at a time. Of each input they have the rows' numbers one after the other.
#[derive(Debug, Clone, Copy)]
struct Panel {
    /// The registers of the panels in front of it.
    before: usize,
    registers: usize,
}

impl Panel {
    /// As many registers as may be, and never one alone if another way is to be had.
    fn all(registers: usize) -> Vec<Self> {
        let (mut all, mut before) = (Vec::new(), 0);
        while before < registers {
            let registers = match registers - before {
                WIDEST | 5.. => WIDEST,
                2 | 4 => 2,
                _ => 1,
            };
            all.push(Panel { before, registers });
            before += registers;
        }
        all
    }
}

/// Rows become columns, panel by panel.
fn turn<T: Real>(x: &[T], inputs: usize, panels: &[Panel], lanes: usize, mut to: &mut [T]) {
    let mut parts = Vec::with_capacity(panels.len());
    for panel in panels {
        let (now, later) = to.split_at_mut(panel.registers * lanes * inputs);
        parts.push((panel, now));
        to = later;
    }
    parts.into_par_iter().for_each(|(panel, to)| {
        let width = panel.registers * lanes;
        to.par_chunks_mut(TURNED * width).enumerate().for_each(|(at, to)| {
            let from = at * TURNED..at * TURNED + to.len() / width;
            let rows = x.chunks_exact(inputs).skip(panel.before * lanes).take(width).map(|row| &row[from.clone()]);
            exchange(rows, to.chunks_exact_mut(width));
        });
    });
}

/// For each part of so many columns, the parts of all rows.
fn columns<T>(y: &mut [T], outputs: usize, at_once: usize) -> Vec<Vec<&mut [T]>> {
    let mut parts: Vec<Vec<&mut [T]>> = Vec::new();
    parts.resize_with(outputs.div_ceil(at_once), || Vec::with_capacity(y.len() / outputs));
    for row in y.chunks_exact_mut(outputs) {
        for (part, columns) in parts.iter_mut().zip(row.chunks_mut(at_once)) {
            part.push(columns);
        }
    }
    parts
}

/// Writes what stands in rows into columns: number i of the row n is number n of the row i.
fn exchange<'a, T: Real>(from: impl Iterator<Item = &'a [T]>, to: impl Iterator<Item = &'a mut [T]>) {
    let (from, mut to): (Vec<&[T]>, Vec<&mut [T]>) = (from.collect(), to.collect());
    for (block, from) in from.chunks(TILE).enumerate() {
        let start = block * TILE;
        for (at, to) in to.chunks_mut(TILE).enumerate() {
            let mut tile = [[T::zero(); TILE]; TILE];
            for (n, row) in from.iter().enumerate() {
                match row[at * TILE..].first_chunk::<TILE>() {
                    Some(row) => (0..TILE).for_each(|i| tile[i][n] = row[i]),
                    None => tile.iter_mut().zip(&row[at * TILE..]).for_each(|(tile, &number)| tile[n] = number),
                }
            }
            for (to, tile) in to.iter_mut().zip(&tile) {
                match to[start..].first_chunk_mut::<TILE>() {
                    Some(to) if from.len() == TILE => *to = *tile,
                    _ => to[start..start + from.len()].copy_from_slice(&tile[..from.len()]),
                }
            }
        }
    }
}

/// What all tasks share.
struct Product<'a, T> {
    /// For each panel (inputs, its width).
    turned: &'a [T],
    panels: &'a [Panel],
    /// The width of all panels.
    pitch: usize,
    weight: &'a [T],
    bias: Option<&'a [T]>,
    inputs: usize,
}

/// Some outputs of all rows.
struct Task<'a, 'b, T> {
    of: &'a Product<'a, T>,
    outputs: Range<usize>,
    y: Vec<&'b mut [T]>,
}

impl<T: Real> WithSimd for Task<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Task { of, outputs, mut y } = self;
        let mut scratch = T::take_scratch(Scratch::Task);
        let needed = outputs.len() * of.pitch;
        if scratch.len() < needed {
            scratch.resize(needed, T::zero());
        }
        let sums = &mut scratch[..needed];
        for from in (0..of.inputs).step_by(TERMS) {
            let inputs = from..of.inputs.min(from + TERMS);
            for &panel in of.panels {
                let mut first = 0;
                while first < outputs.len() {
                    let at = (outputs.start + first, &mut sums[first * of.pitch..]);
                    first += match outputs.len() - first {
                        8.. if S::REGISTER_COUNT >= 32 => of.outputs::<S, 8>(simd, panel, at, inputs.clone()),
                        4.. => of.outputs::<S, 4>(simd, panel, at, inputs.clone()),
                        2.. => of.outputs::<S, 2>(simd, panel, at, inputs.clone()),
                        _ => of.outputs::<S, 1>(simd, panel, at, inputs.clone()),
                    };
                }
            }
        }
        finish(sums, of.pitch, of.bias.map(|bias| &bias[outputs]), &mut y);
        T::give_scratch(Scratch::Task, scratch);
    }
}

/// Turns the sums back, and adds the bias.
///
/// Not inlined, so that it is compiled without the wide registers: with them, the compiler scatters single numbers.
#[inline(never)]
fn finish<T: Real>(sums: &[T], pitch: usize, bias: Option<&[T]>, y: &mut [&mut [T]]) {
    let rows = y.len();
    exchange(sums.chunks_exact(pitch).map(|sums| &sums[..rows]), y.iter_mut().map(|y| &mut **y));
    if let Some(bias) = bias {
        for y in y {
            for (y, &bias) in y.iter_mut().zip(bias) {
                *y += bias;
            }
        }
    }
}

impl<T: Real> Product<'_, T> {
    /// Sums part of the inputs of a panel's rows, for `M` outputs from the one given on; returns `M`. `sums` has a row
    /// for each output.
    #[inline(always)]
    fn outputs<S: Simd, const M: usize>(
        &self,
        simd: S,
        panel: Panel,
        (first, sums): (usize, &mut [T]),
        inputs: Range<usize>,
    ) -> usize {
        let lanes = T::lanes::<S>();
        let weights: [&[T]; M] = std::array::from_fn(|m| &self.weight[(first + m) * self.inputs..][inputs.clone()]);
        let width = panel.registers * lanes;
        let values = &self.turned[panel.before * lanes * self.inputs..][inputs.start * width..inputs.end * width];
        let tile = Tile { weights, values, pitch: self.pitch, adds: inputs.start > 0 };
        tile.sum_registers(simd, panel.registers, &mut sums[panel.before * lanes..]);
        M
    }
}

/// Part of `M` sums in each lane of some registers.
struct Tile<'a, T, const M: usize> {
    /// The terms' weights in each sum.
    weights: [&'a [T]; M],
    /// The registers of each term.
    values: &'a [T],
    /// The distance between the sums.
    pitch: usize,
    /// To what is there.
    adds: bool,
}

impl<T: Real, const M: usize> Tile<'_, T, M> {
    /// Sums as many registers as there are, at most [`WIDEST`].
    #[inline(always)]
    fn sum_registers<S: Simd>(&self, simd: S, registers: usize, sums: &mut [T]) {
        match registers {
            WIDEST => self.sum::<S, WIDEST>(simd, sums),
            2 => self.sum::<S, 2>(simd, sums),
            _ => self.sum::<S, 1>(simd, sums),
        }
    }

    #[inline(always)]
    fn sum<S: Simd, const N: usize>(&self, simd: S, sums: &mut [T]) {
        let lanes = T::lanes::<S>();
        let mut found = [[T::splat(simd, T::zero()); N]; M];
        let len = self.weights[0].len();
        // All as long as the first one, which the loop then need not ask.
        let mut weights = self.weights;
        for weights in &mut weights {
            *weights = &weights[..len];
        }
        for (k, row) in self.values.chunks_exact(N * lanes).take(len).enumerate() {
            let mut values = [T::splat(simd, T::zero()); N];
            for v in 0..N {
                values[v] = load::<T, S>(&row[v * lanes..]);
            }
            for m in 0..M {
                let weight = T::splat(simd, weights[m][k]);
                for v in 0..N {
                    found[m][v] = T::multiply_add(simd, weight, values[v], found[m][v]);
                }
            }
        }
        // Constant indices all the way keep the sums in registers.
        for m in 0..M {
            let sums = &mut sums[m * self.pitch..][..N * lanes];
            for v in 0..N {
                let sums = &mut sums[v * lanes..][..lanes];
                if self.adds {
                    found[m][v] = T::sum_of(simd, found[m][v], load::<T, S>(sums));
                }
                sums.copy_from_slice(floats::<T, S>(&found[m][v]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers, whose sums are exact in any order.
    fn numbers(len: usize, seed: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 7919 + seed) % 13) as f32 - 6.0).collect()
    }

    #[test]
    fn every_size_gives_the_sums_of_products() {
        let sizes = [(1, 1, 1), (3, 5, 2), (16, 8, 8), (17, 40, 13), (49, 513, 70), (300, 129, 9), (130, 1100, 531)];
        for (rows, inputs, outputs) in sizes {
            let (x, weight, bias) = (numbers(rows * inputs, 1), numbers(outputs * inputs, 2), numbers(outputs, 3));
            let y = linear(&x, &weight, Some(&bias), [rows, inputs, outputs]).unwrap();
            let bare = linear(&x, &weight, None, [rows, inputs, outputs]).unwrap();
            assert_eq!((y.len(), bare.len()), (rows * outputs, rows * outputs));
            for (i, (y, bare)) in y.iter().zip(&bare).enumerate() {
                let (x, weight) = (&x[i / outputs * inputs..], &weight[i % outputs * inputs..]);
                let sum: f32 = x[..inputs].iter().zip(&weight[..inputs]).map(|(x, w)| x * w).sum();
                assert_eq!((*y, *bare), (sum + bias[i % outputs], sum), "{rows} x {inputs} x {outputs}: {i}");
            }
        }
    }

    #[test]
    fn a_row_is_the_same_among_others() {
        let x: Vec<f32> = (0..70 * 600).map(|i| (i as f32).sin()).collect();
        let weight: Vec<f32> = (0..9 * 600).map(|i| (i as f32).cos()).collect();
        let all = linear(&x, &weight, None, [70, 600, 9]).unwrap();
        for (x, y) in x.chunks(600).zip(all.chunks(9)) {
            assert_eq!(linear(x, &weight, None, [1, 600, 9]).unwrap(), y);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(linear(&[1f32; 6], &[1.0; 8], None, [2, 4, 2]).is_err());
        assert!(linear(&[1f32; 6], &[1.0; 5], None, [2, 3, 2]).is_err());
        assert!(linear(&[1f32; 6], &[1.0; 6], Some(&[1.0; 3]), [2, 3, 2]).is_err());
        assert!(linear::<f32>(&[], &[1.0; 6], None, [0, 3, 2]).unwrap().is_empty());
        assert_eq!(linear(&[], &[], Some(&[1f32, 2.0]), [2, 0, 2]).unwrap(), [1.0, 2.0, 1.0, 2.0]);
        assert_eq!(linear::<f32>(&[], &[], None, [1, 0, 2]).unwrap(), [0.0, 0.0]);
    }
}
