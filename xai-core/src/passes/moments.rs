//! Mean and spread of values over copies, in one go and without cancellation.

use super::copies::per_copy;
use super::sum::weighted_sum;
use crate::explain::{Attribution, Extras};
use crate::{Backend, Element, Result, Tensor};

/// The weighted mean and spread of an analyzer's values over copies, gathered pass by pass.
///
/// Two passes over the numbers of a chunk, then the chunk is joined to what was there before (Chan, Golub, LeVeque
/// 1983,
/// *Algorithms for Computing the Sample Variance*): no difference of two large sums is taken, so that single precision
/// is enough whatever the mean.
pub(crate) struct Moments<B: Backend> {
    weight: f64,
    /// How many independent values were added.
    values: usize,
    /// Of each explained input: the mean m, and Σ w (v - m)².
    gathered: Option<Vec<(Tensor<B>, Tensor<B>)>>,
    extras: Option<Extras>,
}

/// What [`Moments`] found.
pub(crate) struct MeanAndSpread<B: Backend> {
    /// Σ w v / Σ w.
    pub(crate) mean: Vec<Tensor<B>>,
    /// Σ w (v - m)² / Σ w.
    pub(crate) spread: Vec<Tensor<B>>,
    /// How many independent values there were.
    pub(crate) values: usize,
    pub(crate) extras: Extras,
}

impl<B: Backend> Moments<B> {
    pub(crate) fn new() -> Self {
        Moments { weight: 0.0, values: 0, gathered: None, extras: None }
    }

    /// Adds what was found for `weights.len()` copies of each sample, which stand sample by sample.
    pub(crate) fn add(&mut self, copies: &Attribution<B>, weights: &[f64]) -> Result<()> {
        self.add_values(&copies.values, weights)?;
        self.add_extras(copies.extras.clone(), weights);
        Ok(())
    }

    /// Adds what came with the values of `weights.len()` copies of each sample.
    pub(crate) fn add_extras(&mut self, extras: Extras, weights: &[f64]) {
        let part = extras.averaged(weights);
        self.extras = Some(match self.extras.take() {
            Some(extras) => extras.added(part),
            None => part,
        });
    }

    /// Adds independent values alone, `weights.len()` rows for each sample, which stand sample by sample.
    pub(crate) fn add_values(&mut self, rows: &[Tensor<B>], weights: &[f64]) -> Result<()> {
        let weight: f64 = weights.iter().sum();
        if weights.is_empty() || weight <= 0.0 {
            return Ok(());
        }
        let shares: Vec<f64> = weights.iter().map(|w| w / weight).collect();
        let of_rows = |rows: &Tensor<B>| of_rows(&rows.widen()?, &shares, weight);
        let part = rows.iter().map(of_rows).collect::<Result<Vec<_>>>()?;
        let all = self.weight + weight;
        self.gathered = Some(match self.gathered.take() {
            None => part,
            Some(before) => {
                let (to_mean, to_spread) = (weight / all, self.weight * weight / all);
                let join = |((mean, spread), (new_mean, new_spread)): (&(Tensor<B>, Tensor<B>), &(_, Tensor<B>))| {
                    let apart = Tensor::sub(new_mean, mean)?;
                    let between = apart.mul(&apart)?.scale(to_spread)?;
                    Ok((mean.add(&apart.scale(to_mean)?)?, spread.add(new_spread)?.add(&between)?))
                };
                before.iter().zip(&part).map(join).collect::<Result<_>>()?
            }
        });
        self.weight = all;
        self.values += weights.len();
        Ok(())
    }

    /// What was gathered; nothing if nothing was added.
    pub(crate) fn finish(self) -> Result<Option<MeanAndSpread<B>>> {
        let Some(gathered) = self.gathered else { return Ok(None) };
        let mut mean = Vec::with_capacity(gathered.len());
        let mut spread = Vec::with_capacity(gathered.len());
        for (m, s) in gathered {
            mean.push(m);
            spread.push(s.scale(1.0 / self.weight)?);
        }
        Ok(Some(MeanAndSpread { mean, spread, values: self.values, extras: self.extras.unwrap_or_default() }))
    }
}

impl<B: Backend> MeanAndSpread<B> {
    /// √(Σⱼ sⱼ²) / √(Σⱼ mⱼ²) for each sample, sⱼ being the standard error of number j of its mean m: nothing for a
    /// single value.
    ///
    /// Of K values with weights that are as their precisions, s² = Σ w (v - m)² / (Σ w · (K - 1)).
    pub(crate) fn relative_error(&self) -> Result<Option<Vec<f64>>> {
        if self.values < 2 {
            return Ok(None);
        }
        #[allow(clippy::cast_precision_loss)]
        let share = 1.0 / (self.values - 1) as f64;
        let mut squares: Vec<(f64, f64)> = Vec::new();
        for (mean, spread) in self.mean.iter().zip(&self.spread) {
            let axes: Vec<usize> = (1..spread.shape().len()).collect();
            let (spread, size) = (spread.sum(&axes)?.download()?, mean.mul(mean)?.sum(&axes)?.download()?);
            squares.resize(spread.len(), (0.0, 0.0));
            for ((squares, spread), size) in squares.iter_mut().zip(&spread).zip(&size) {
                *squares = (squares.0 + spread.as_f64(), squares.1 + size.as_f64());
            }
        }
        // A share of nothing is nothing, if it is nothing itself; of squares that overflow nothing is known.
        let relative = |(spread, size): (f64, f64)| match (share * spread / size).sqrt() {
            _ if spread == 0.0 => 0.0,
            error if error.is_nan() => f64::INFINITY,
            error => error,
        };
        Ok(Some(squares.into_iter().map(relative).collect()))
    }
}

/// The mean over the copies of each sample, and weight · Σ share (v - m)².
fn of_rows<B: Backend>(rows: &Tensor<B>, shares: &[f64], weight: f64) -> Result<(Tensor<B>, Tensor<B>)> {
    let shape = rows.shape();
    let (copies, rest) = (shares.len(), shape.get(1..).unwrap_or_default());
    if copies == 1 {
        return Ok((rows.clone(), rows.scale(0.0)?));
    }
    let samples = shape.first().copied().unwrap_or(0) / copies;
    // From the first copy on, so that a large mean does not take the sum's digits.
    let grouped = rows.reshape(&[&[samples, copies], rest].concat())?;
    let first = grouped.narrow(1, 0, 1)?;
    let from_first = grouped.sub(&first)?;
    let by = weighted_sum(&from_first.reshape(&shape)?, shares)?;
    let from_mean = from_first.sub(&by.reshape(&[&[samples, 1], rest].concat())?)?;
    let squares = from_mean.mul(&from_mean)?.mul(&per_copy(shares, rest.len(), rows)?)?.sum(&[1])?;
    let of_samples = [&[samples], rest].concat();
    Ok((first.reshape(&of_samples)?.add(&by)?, squares.reshape(&of_samples)?.scale(weight)?))
}
