//! What a mask marks of each sample.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, Data, Dimension, Slice};

use super::relevance::Channels;
use super::scored::Scored;
use super::scores::Scores;
use super::statistics::count;
use crate::{Backend, Error, Result};

/// What is marked, for each sample: (B, places...), where a photo's places are its pixels, (B, H, W).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Marked {
    mask: ArrayD<bool>,
    pub(super) channels: Channels,
    /// How far from what is marked a place may be that counts as a part of it.
    pub(super) tolerance: usize,
}

impl Marked {
    pub(super) fn new<S: Data<Elem = bool>, D: Dimension>(mask: &ArrayBase<S, D>) -> Self {
        Marked { mask: mask.to_owned().into_dyn(), channels: Channels::Sum, tolerance: 0 }
    }

    /// Before any pass: a mask for each sample, with something marked.
    pub(super) fn check(&self, input: &[usize]) -> Result<()> {
        let (got, samples) = (self.mask.shape(), input.first().copied().unwrap_or(0));
        if got.first() != Some(&samples) || got.len() < 2 {
            return Err(Error::InvalidShape {
                what: "mask".into(),
                got: got.to_vec(),
                reason: format!("it needs (batch, places...), one for each of {samples} sample(s)"),
            });
        }
        let empty = self.mask.outer_iter().position(|mask| !mask.iter().any(|&marked| marked));
        empty.map_or(Ok(()), |sample| {
            Err(Error::InvalidParameter {
                name: "mask",
                value: format!("nothing marked of sample {sample}"),
                reason: "there is nothing to point at".into(),
            })
        })
    }

    /// For each sample, a number of its places' values and of what is marked.
    pub(super) fn each<B: Backend>(
        &self,
        on: &Scored<'_, B>,
        number: impl Fn(usize, &[f64], &[bool]) -> Result<f64>,
    ) -> Result<Scores> {
        let shape = [&[on.samples()], self.mask.shape().get(1..).unwrap_or_default()].concat();
        let places = self.channels.to_places(&on.values, &shape)?;
        let scores = places.outer_iter().enumerate().map(|(row, values)| {
            let sample = on.sample(row);
            let mask = self.mask.outer_iter().nth(sample).ok_or_else(|| Error::InvalidShape {
                what: "mask".into(),
                got: self.mask.shape().to_vec(),
                reason: format!("it has nothing of sample {sample}"),
            })?;
            let values: Vec<f64> = values.iter().copied().collect();
            number(sample, &values, &self.widened(mask, &values))
        });
        Ok(scores.collect::<Result<Vec<_>>>()?.into())
    }

    /// Where the mask, with all places that are no further from it than the tolerance, is met: asked at the places of
    /// the highest value alone, for others are not looked at where there is a tolerance.
    fn widened(&self, mask: ArrayViewD<'_, bool>, values: &[f64]) -> Vec<bool> {
        if self.tolerance == 0 {
            return mask.iter().copied().collect();
        }
        let highest = highest(values);
        let square = count(self.tolerance).powi(2);
        let near = |at: &[usize]| {
            // No further along any axis, then no further.
            let first = |axis: usize| at[axis].saturating_sub(self.tolerance);
            let around = mask.slice_each_axis(|axis| {
                let (first, end) = (first(axis.axis.index()), at[axis.axis.index()].saturating_add(self.tolerance));
                Slice::from(first..end.saturating_add(1).min(axis.len))
            });
            around.indexed_iter().any(|(to, &marked)| {
                let to = to.slice().iter().enumerate().map(|(axis, &to)| to + first(axis));
                marked && to.zip(at).map(|(to, &at)| count(to.abs_diff(at)).powi(2)).sum::<f64>() <= square
            })
        };
        let met = mask
            .indexed_iter()
            .zip(values)
            .map(|((at, &marked), &value)| marked || (value == highest && near(at.slice())));
        met.collect()
    }
}

pub(super) fn highest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}
