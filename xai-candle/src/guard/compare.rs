//! Differences along a few directions, beside what the gradient says of them.

use candle_core::{DType, Tensor};
use rayon::prelude::*;
use xai_core::{Error, Result};

use super::memory::{Found, Known};
use super::sample::{Pass, Sample, host};
use crate::Host;

/// Directions, and how long a step is at first and at most, relative to the input.
const DIRECTIONS: u64 = 2;
const LONGEST: f64 = 0.05;
/// The change has to stand out of the rounding by this factor.
const CLEAR: f64 = 300.0;
/// What differs by less than this share of a typical change is let pass.
const SLACK: f64 = 0.03;
/// Directions of the closer look.
const CLOSER: u64 = 6;
/// By which factor a difference has to exceed what two ways differ by, where these differ by more than this share of a
/// typical change: below it, the long comparison finds its way between the kinks.
const AGREE: f64 = 3.0;
const BENT: f64 = 0.3;

/// Of several samples never the first: what candle mixes up in a batch, it mixes up behind the first one.
fn chosen(samples: usize, times: u64) -> usize {
    let others = samples.saturating_sub(1);
    let turn = usize::try_from(times).unwrap_or_default().checked_rem(others).unwrap_or_default();
    others.saturating_sub(turn)
}

/// What one sample says, and which it was.
pub(super) fn compare<E: Host>(
    code: &impl Fn(&[&Tensor]) -> Result<Tensor>,
    pass: &Pass<'_>,
    known: Known,
) -> Result<(Found, usize)> {
    let row = chosen(pass.samples(), known.times);
    let sample = Sample::of(pass, row)?;
    let weights = host(&sample.v)?;
    let value = |y: &Tensor| -> Result<(f64, f64)> {
        let y = host(y)?;
        if y.len() != weights.len() {
            return Err(Error::Shape { what: "output".into(), expected: vec![weights.len()], got: vec![y.len()] });
        }
        let terms = y.iter().zip(&weights).map(|(y, v)| y * v);
        Ok(terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs())))
    };
    let typical = sample.typical();
    let coarsest = sample.parts.iter().filter_map(|part| Some(precision::<E>(sample.x.get(part.input)?.dtype())));
    let epsilon = coarsest.fold(f64::EPSILON, f64::max);
    let (still, terms) = value(&sample.y)?;
    let rounding = 8.0 * epsilon * terms;
    let step = (epsilon.cbrt() * 0.2).max(CLEAR * rounding / typical).min(LONGEST);
    // The change of the output for a step this way, and what the gradient says of it.
    let along = |seed: u64, step: f64| -> Result<(f64, f64)> {
        let (moved, expected) = sample.moved(&normals(sample.len(), seed), step)?;
        let change = value(&code(&moved.iter().collect::<Vec<_>>())?.detach())?.0 - still;
        Ok((change, expected))
    };
    let unit = step * typical;
    let stands_out = |apart: f64| apart > SLACK * unit && apart > CLEAR * rounding / 10.0;
    // Code that has been compared before is by one direction, another one each time.
    let seeds = if known.times == 0 { 0..DIRECTIONS } else { known.times + 1..known.times + 2 };
    let mut compared = false;
    for seed in seeds {
        let (change, expected) = along(seed, step)?;
        let apart = (change - expected).abs();
        // A number that is not finite says nothing.
        compared |= apart.is_finite();
        if apart.is_finite() && stands_out(apart) && apart > AGREE * known.bend * unit {
            // A sample that gives something else in a batch: differences of that alone are beside the point.
            let is_another = pass.samples() > 1 && stands_out((along(0, 0.0)?.0).abs());
            let found =
                if is_another { Found::Suspicious(apart / unit) } else { look_closer(along, step, unit, stands_out)? };
            return Ok((found, row));
        }
    }
    Ok((if compared { Found::Same } else { Found::Nothing }, row))
}

/// More directions, both ways: the mean of two ways is free of curvature, and their difference tells how far
/// differences of this code agree with each other at all. Where they do not, as between the many kinks of a deep
/// network of random weights, the long comparison would come to no other end.
fn look_closer(
    along: impl Fn(u64, f64) -> Result<(f64, f64)>,
    step: f64,
    unit: f64,
    stands_out: impl Fn(f64) -> bool,
) -> Result<Found> {
    let (mut count, mut apart, mut bend) = (0.0, 0.0, 0.0);
    for seed in 0..CLOSER {
        let [(there, expected), (back, expected_back)] = [along(seed, step)?, along(seed, -step)?];
        let (middle, turn) = ((there - back) - (expected - expected_back), (there + back) - (expected + expected_back));
        if middle.is_finite() && turn.is_finite() {
            (count, apart, bend) = (count + 1.0, apart + middle.powi(2) / 4.0, bend + turn.powi(2) / 4.0);
        }
    }
    if count == 0.0 {
        return Ok(Found::Nothing);
    }
    let [apart, bend] = [apart, bend].map(|squares: f64| (squares / count).sqrt());
    Ok(match stands_out(apart) {
        false => Found::Same,
        true if apart > AGREE * bend || bend < BENT * unit => Found::Suspicious(apart / unit),
        true => Found::Bends(bend / unit),
    })
}

/// The relative precision of the numbers.
fn precision<E: Host>(dtype: DType) -> f64 {
    if dtype == DType::F64 && E::DTYPE == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) }
}

/// Normal enough: each the sum of twelve uniform numbers, by a generator whose numbers are the same everywhere.
fn normals(count: usize, seed: u64) -> Vec<f64> {
    // Not by what the state grows by: then one seed's numbers would be those of the one before, but for the first.
    let state = seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(0x1234_5678);
    let uniform = |at: u64| {
        let mut z = state.wrapping_add(at.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        #[allow(clippy::cast_precision_loss)]
        let number = ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        number
    };
    let normal = |index: usize| (1..=12).map(|k| uniform(12 * index as u64 + k)).sum::<f64>() - 6.0;
    (0..count).into_par_iter().with_min_len(1 << 12).map(normal).collect()
}

#[cfg(test)]
mod tests {
    use super::{chosen, normals};

    #[test]
    fn directions_have_nothing_to_do_with_each_other() {
        let all: Vec<Vec<f64>> = (0..8).map(|seed| normals(10_000, seed)).collect();
        for (k, a) in all.iter().enumerate() {
            for (l, b) in all.iter().enumerate() {
                let together = a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / 10_000.0;
                let expected = f64::from(u8::from(k == l));
                assert!((together - expected).abs() < 0.05, "{k}, {l}: {together}");
            }
        }
    }

    #[test]
    fn of_several_samples_all_but_the_first_have_their_turn() {
        assert_eq!([0, 1, 1].map(|samples| chosen(samples, 5)), [0; 3]);
        assert_eq!([0, 1, 2].map(|times| chosen(2, times)), [1; 3]);
        assert_eq!([0, 1, 2, 3, 4].map(|times| chosen(4, times)), [3, 2, 1, 3, 2]);
    }
}
