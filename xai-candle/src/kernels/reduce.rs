//! Sums and maxima along axes.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;
use xai_core::Result;

use super::elementwise::CHUNK;
use super::{Real, check_length};

/// So many numbers of a row are joined in their own type, and what they give in `f64`: a long sum would lose digits
/// otherwise.
const BLOCK: usize = 4096;

/// So many numbers of a column, which are joined one after another.
const DEEP: usize = 64;

/// So many columns are joined at once: enough for wide registers, and small enough for the nearest cache.
const COLUMNS: usize = 1024;

/// How many numbers of a row are joined side by side.
const LANES: usize = 64;

/// Two numbers made one, whatever the order.
trait Join: Sync {
    /// What leaves any number as it is.
    fn nothing<T: Real>(&self) -> T;
    /// Both in one.
    fn both<T: Real>(&self, a: T, b: T) -> T;
}

struct Sum;

impl Join for Sum {
    #[inline(always)]
    fn nothing<T: Real>(&self) -> T {
        T::zero()
    }

    #[inline(always)]
    fn both<T: Real>(&self, a: T, b: T) -> T {
        a + b
    }
}

struct Max;

impl Join for Max {
    #[inline(always)]
    fn nothing<T: Real>(&self) -> T {
        -T::infinity()
    }

    /// What is no number stays.
    #[inline(always)]
    fn both<T: Real>(&self, a: T, b: T) -> T {
        if b > a || b.is_nan() { b } else { a }
    }
}

/// The sums of `x`, which is (outer, along, inner), along its middle axis.
///
/// # Errors
/// If `x` has another length.
pub fn sums<T: Real>(x: &[T], sides: [usize; 3]) -> Result<Vec<T>> {
    joined(x, sides, &Sum)
}

/// The greatest of the numbers of `x`, which is (outer, along, inner), along its middle axis; NaN, if one of them is.
///
/// # Errors
/// If `x` has another length.
pub fn maxima<T: Real>(x: &[T], sides: [usize; 3]) -> Result<Vec<T>> {
    joined(x, sides, &Max)
}

fn joined<T: Real>(x: &[T], sides: [usize; 3], join: &impl Join) -> Result<Vec<T>> {
    check_length("numbers to be joined", x, &sides)?;
    let [outer, along, inner] = sides;
    if along == 0 || x.is_empty() {
        return Ok(vec![join.nothing(); outer * inner]);
    }
    Ok(if inner == 1 { rows(x, along, join) } else { columns(x, sides, join) })
}

/// Of each row of so many numbers, whose blocks are tasks of their own.
fn rows<T: Real>(x: &[T], along: usize, join: &impl Join) -> Vec<T> {
    let arch = Arch::new();
    let blocks = along.div_ceil(BLOCK);
    let block = |task: usize| {
        let start = task / blocks * along + task % blocks * BLOCK;
        let end = (start + BLOCK).min((task / blocks + 1) * along);
        arch.dispatch(Row { x: &x[start..end], join })
    };
    let tasks = (0..x.len() / along * blocks).into_par_iter().with_min_len((CHUNK / along.min(BLOCK)).max(1));
    let parts: Vec<T> = tasks.map(block).collect();
    if blocks == 1 { parts } else { parts.chunks(blocks).map(|parts| in_one(parts, join)).collect() }
}

fn in_one<T: Real>(parts: &[T], join: &impl Join) -> T {
    T::of(parts.iter().fold(join.nothing(), |all, part| join.both(all, part.as_f64())))
}

/// One block of a row. A type, for a closure as long as this would not be compiled for the machine's wide registers.
struct Row<'a, T, J> {
    x: &'a [T],
    join: &'a J,
}

impl<T: Real, J: Join> NullaryFnOnce for Row<'_, T, J> {
    type Output = T;

    #[inline(always)]
    fn call(self) -> T {
        let (blocks, rest) = self.x.as_chunks::<LANES>();
        let mut lanes = [self.join.nothing::<T>(); LANES];
        for block in blocks {
            for (lane, &x) in lanes.iter_mut().zip(block) {
                *lane = self.join.both(*lane, x);
            }
        }
        for (lane, &x) in lanes.iter_mut().zip(rest) {
            *lane = self.join.both(*lane, x);
        }
        let mut width = LANES;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                lanes[i] = self.join.both(lanes[i], lanes[i + width]);
            }
        }
        lanes[0]
    }
}

/// Of each column of (outer, along, inner), so many of them at once.
fn columns<T: Real>(x: &[T], [outer, along, inner]: [usize; 3], join: &impl Join) -> Vec<T> {
    let arch = Arch::new();
    let strips = inner.div_ceil(COLUMNS);
    let strip = |task: usize| {
        let first = task % strips * COLUMNS;
        let width = COLUMNS.min(inner - first);
        let x = &x[task / strips * along * inner + first..];
        let block = |start: usize| {
            arch.dispatch(Strip { x: &x[start * inner..], inner, width, along: DEEP.min(along - start), join })
        };
        if along <= DEEP {
            return block(0);
        }
        let mut all = vec![join.nothing::<f64>(); width];
        for start in (0..along).step_by(DEEP) {
            for (all, part) in all.iter_mut().zip(block(start)) {
                *all = join.both(*all, part.as_f64());
            }
        }
        all.into_iter().map(T::of).collect()
    };
    let at_once = (CHUNK / along.saturating_mul(inner.min(COLUMNS))).max(1);
    let found: Vec<Vec<T>> = (0..outer * strips).into_par_iter().with_min_len(at_once).map(strip).collect();
    found.concat()
}

/// So many numbers of some columns that stand side by side.
struct Strip<'a, T, J> {
    /// From their first number on.
    x: &'a [T],
    /// From a column's number to its next one.
    inner: usize,
    width: usize,
    along: usize,
    join: &'a J,
}

impl<T: Real, J: Join> NullaryFnOnce for Strip<'_, T, J> {
    type Output = Vec<T>;

    #[inline(always)]
    fn call(self) -> Vec<T> {
        let mut all = self.x[..self.width].to_vec();
        for row in 1..self.along {
            for (all, &x) in all.iter_mut().zip(&self.x[row * self.inner..][..self.width]) {
                *all = self.join.both(*all, x);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_its_sum_and_in_its_maximum() {
        let sides = [[2, 3, 4], [1, BLOCK + 7, 1], [3, 2 * DEEP + 1, 2], [2, 5, COLUMNS + 3], [4, 1, 3], [3, 70, 1]];
        for sides in sides {
            let [outer, along, inner] = sides;
            // Whole numbers, whose sums are exact.
            let x: Vec<f32> = (0..outer * along * inner).map(|i| (i * 37 % 101) as f32 - 50.0).collect();
            let of = |outer: usize, at: usize| (0..along).map(move |i| (outer * along + i) * inner + at);
            let each = || (0..outer).flat_map(|outer| (0..inner).map(move |at| (outer, at)));
            let expected: Vec<f32> = each().map(|(outer, at)| of(outer, at).map(|i| x[i]).sum()).collect();
            assert_eq!(sums(&x, sides).unwrap(), expected, "{sides:?}");
            let greatest = |(outer, at)| of(outer, at).map(|i| x[i]).fold(f32::NEG_INFINITY, f32::max);
            let expected: Vec<f32> = each().map(greatest).collect();
            assert_eq!(maxima(&x, sides).unwrap(), expected, "{sides:?}");
        }
        assert_eq!(sums::<f64>(&[], [2, 0, 3]).unwrap(), [0.0; 6]);
        assert!(sums(&[1f32; 5], [1, 2, 3]).is_err());
    }

    #[test]
    fn long_sums_keep_their_digits_and_what_is_no_number_stays() {
        let x = vec![0.1f32; 1 << 20];
        for sides in [[1, 1 << 20, 1], [1, 1 << 19, 2]] {
            let expected = f64::from(0.1f32) * sides[1] as f64;
            for sum in sums(&x, sides).unwrap() {
                assert!((f64::from(sum) / expected - 1.0).abs() < 1e-6, "{sum} {expected}");
            }
        }
        for at in [0, 5, 69] {
            let mut x = vec![1f32; 70];
            x[at] = f32::NAN;
            assert!(maxima(&x, [1, 70, 1]).unwrap()[0].is_nan());
            assert!(maxima(&x, [1, 35, 2]).unwrap()[at % 2].is_nan());
        }
    }
}
