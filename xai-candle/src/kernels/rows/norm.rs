//! Norms of rows, by their own mean and deviation.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;
use xai_core::{Error, Result};

use super::{at_once, check_rows, sum};
use crate::kernels::{Real, check_length, check_positive};

/// Rows that are normalised: x̂ = (x - mean) / √(mean((x - mean)²) + ε), y = x̂ · weight + bias; without the mean if
/// not centred.
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a, T> {
    /// How many numbers a row has.
    pub length: usize,
    /// Whether the mean is taken away.
    pub centred: bool,
    /// What is added to the mean square.
    pub eps: T,
    /// How many numbers each weight stands beside.
    pub plane: usize,
    /// One for each plane of as many rows as it takes; 1 if there is none.
    pub weight: Option<&'a [T]>,
    /// As the weight; 0 if there is none.
    pub bias: Option<&'a [T]>,
}

/// What a row was normalised by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Statistics<T> {
    mean: T,
    deviation: T,
}

impl<'a, T: Real> Norm<'a, T> {
    fn check(&self, what: &'static str, x: &[T]) -> Result<()> {
        check_rows(what, x, self.length)?;
        check_positive("numbers beside a weight", self.plane)?;
        for each in [self.weight, self.bias].into_iter().flatten() {
            // Weights go round, in whole rows.
            let planes = self.length / self.plane;
            if !self.length.is_multiple_of(self.plane) || each.is_empty() || !each.len().is_multiple_of(planes) {
                return Err(Error::InvalidShape {
                    what: "weight of a norm".to_owned(),
                    got: vec![each.len()],
                    reason: format!("rows of {} numbers have {planes} weights each", self.length),
                });
            }
        }
        Ok(())
    }

    /// Those of the weights that are a row's.
    #[inline(always)]
    fn of_row(&self, each: Option<&'a [T]>, row: usize) -> Option<&'a [T]> {
        let planes = self.length / self.plane;
        each.map(|each| {
            let start = row * planes % each.len();
            &each[start..start + planes]
        })
    }

    /// f of the numbers of a row and its weights.
    #[inline(always)]
    fn by_weight(&self, numbers: &mut [T], each: Option<&[T]>, f: impl Fn(T, T) -> T) {
        match each {
            Some(each) if self.plane == 1 => {
                for (x, &each) in numbers.iter_mut().zip(each) {
                    *x = f(*x, each);
                }
            }
            Some(each) => {
                for (plane, &each) in numbers.chunks_exact_mut(self.plane).zip(each) {
                    for x in plane {
                        *x = f(*x, each);
                    }
                }
            }
            None => {}
        }
    }

    /// The norm of whole rows, and what each was normalised by.
    ///
    /// # Errors
    /// If `x` is not whole rows, or the weights are not those of whole rows.
    pub fn forward(&self, x: &[T]) -> Result<(Vec<T>, Vec<Statistics<T>>)> {
        let mut y = vec![T::zero(); x.len()];
        if x.is_empty() {
            return Ok((y, Vec::new()));
        }
        self.check("input of a norm", x)?;
        let (arch, length) = (Arch::new(), self.length);
        let mut all = vec![Statistics { mean: T::zero(), deviation: T::one() }; x.len() / length];
        let rows = y.par_chunks_mut(length).zip(x.par_chunks(length)).zip(&mut all).enumerate();
        rows.with_min_len(at_once(length)).for_each(|(row, ((y, x), statistics))| {
            let [weight, bias] = [self.weight, self.bias].map(|each| self.of_row(each, row));
            *statistics = arch.dispatch(Normalised { norm: *self, weight, bias, y, x });
        });
        Ok((y, all))
    }

    /// The vjp: with g = weight · v, (g - mean(g) - x̂ · mean(g · x̂)) / deviation.
    ///
    /// # Errors
    /// If the slices do not have the lengths of the forward pass.
    pub fn vjp(&self, x: &[T], all: &[Statistics<T>], v: &[T]) -> Result<Vec<T>> {
        Error::check_shape("cotangent of a norm", &[x.len()], &[v.len()])?;
        let mut dx = vec![T::zero(); x.len()];
        if x.is_empty() {
            return Ok(dx);
        }
        self.check("input of a norm", x)?;
        check_length("statistics of a norm", all, &[x.len() / self.length])?;
        let (arch, length) = (Arch::new(), self.length);
        let rows = dx.par_chunks_mut(length).zip(x.par_chunks(length)).zip(v.par_chunks(length)).zip(all).enumerate();
        rows.with_min_len(at_once(length)).for_each(|(row, (((dx, x), v), &Statistics { mean, deviation }))| {
            let weight = self.of_row(self.weight, row);
            arch.dispatch(NormalisedBack { norm: *self, weight, mean, deviation, dx, x, v });
        });
        Ok(dx)
    }
}

/// One row of a norm, with its weights.
struct Normalised<'a, 'b, T> {
    norm: Norm<'b, T>,
    weight: Option<&'b [T]>,
    bias: Option<&'b [T]>,
    y: &'a mut [T],
    x: &'a [T],
}

impl<T: Real> NullaryFnOnce for Normalised<'_, '_, T> {
    type Output = Statistics<T>;

    #[inline(always)]
    fn call(self) -> Statistics<T> {
        let Normalised { norm, weight, bias, y, x } = self;
        let count = count::<T>(x.len());
        let mean = if norm.centred { sum(x, x, |x, _| x) / count } else { T::zero() };
        let square = sum(x, x, |x, _| (x - mean) * (x - mean)) / count;
        let deviation = (square + norm.eps).sqrt();
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - mean) / deviation;
        }
        norm.by_weight(y, weight, |y, weight| y * weight);
        norm.by_weight(y, bias, |y, bias| y + bias);
        Statistics { mean, deviation }
    }
}

/// The vjp of one row of a norm, with its weights and what it was normalised by.
struct NormalisedBack<'a, 'b, T> {
    norm: Norm<'b, T>,
    weight: Option<&'b [T]>,
    mean: T,
    deviation: T,
    dx: &'a mut [T],
    x: &'a [T],
    v: &'a [T],
}

impl<T: Real> NullaryFnOnce for NormalisedBack<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let NormalisedBack { norm, weight, mean, deviation, dx, x, v } = self;
        let count = count::<T>(x.len());
        dx.copy_from_slice(v);
        norm.by_weight(dx, weight, |v, weight| v * weight);
        let level = if norm.centred { sum(dx, dx, |g, _| g) / count } else { T::zero() };
        let along = sum(dx, x, |g, x| g * ((x - mean) / deviation)) / count;
        for (dx, &x) in dx.iter_mut().zip(x) {
            *dx = (*dx - level - (x - mean) / deviation * along) / deviation;
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn count<T: Real>(numbers: usize) -> T {
    T::of(numbers as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two channels of three numbers in each of two rows, with the weights of four channels.
    const NORM: Norm<'_, f64> = Norm {
        length: 6,
        centred: true,
        eps: 0.1,
        plane: 3,
        weight: Some(&[1.0, -2.0, 0.5, 3.0]),
        bias: Some(&[0.0, 1.0, 2.0, 3.0]),
    };

    fn numbers(seed: f64) -> Vec<f64> {
        (0..24).map(|i| (i as f64 * 12.9898 + seed).sin()).collect()
    }

    #[test]
    fn each_row_is_normalised_and_weighted_by_channels() {
        let x = numbers(0.0);
        let (y, _) = NORM.forward(&x).unwrap();
        for (row, (x, y)) in x.chunks(6).zip(y.chunks(6)).enumerate() {
            let mean = x.iter().sum::<f64>() / 6.0;
            let square = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 6.0;
            for (i, (x, y)) in x.iter().zip(y).enumerate() {
                let channel = (2 * row + i / 3) % 4;
                let expected = (x - mean) / (square + 0.1).sqrt() * NORM.weight.unwrap()[channel] + channel as f64;
                assert!((y - expected).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn the_vjp_is_what_differences_say() {
        let (x, v) = (numbers(0.0), numbers(1.0));
        for norm in [NORM, Norm { centred: false, ..NORM }, Norm { weight: None, bias: None, plane: 1, ..NORM }] {
            let dx = norm.vjp(&x, &norm.forward(&x).unwrap().1, &v).unwrap();
            for i in 0..x.len() {
                let value = |step: f64| {
                    let mut x = x.clone();
                    x[i] += step;
                    norm.forward(&x).unwrap().0.iter().zip(&v).map(|(y, v)| y * v).sum::<f64>()
                };
                assert!((dx[i] - (value(1e-5) - value(-1e-5)) / 2e-5).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let x = numbers(0.0);
        assert!(NORM.forward(&x[..7]).is_err());
        assert!(Norm { weight: Some(&[1.0; 3]), ..NORM }.forward(&x).is_err());
        assert!(Norm { plane: 4, ..NORM }.forward(&x).is_err());
        assert!(Norm { plane: 0, ..NORM }.forward(&x).is_err());
        assert!(NORM.vjp(&x, &[], &x).is_err());
        assert!(NORM.vjp(&x, &NORM.forward(&x).unwrap().1, &x[..6]).is_err());
        assert!(NORM.forward(&[]).unwrap().0.is_empty());
    }
}
