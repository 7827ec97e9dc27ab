//! What a mask marks of each sample.

use ndarray::{ArrayBase, ArrayD, Data, Dimension};

use super::relevance::Channels;
use super::scored::Scored;
use super::scores::Scores;
use crate::{Backend, Error, Result};

/// What is marked, for each sample: (B, places...), where a photo's places are its pixels, (B, H, W).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Marked {
    mask: ArrayD<bool>,
    pub(super) channels: Channels,
}

impl Marked {
    pub(super) fn new<S: Data<Elem = bool>, D: Dimension>(mask: &ArrayBase<S, D>) -> Self {
        Marked { mask: mask.to_owned().into_dyn(), channels: Channels::Sum }
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
            number(sample, &values, &mask.iter().copied().collect::<Vec<bool>>())
        });
        Ok(scores.collect::<Result<Vec<_>>>()?.into())
    }
}
