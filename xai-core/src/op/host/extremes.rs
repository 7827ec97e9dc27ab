//! The greatest and the smallest numbers along axes.

use ndarray::Dimension;

use super::array::{Array, Pull, shaped};
use super::on_host::OnHost;
use crate::op::{Reduce, Reduction};
use crate::{Element, Result};

/// Whether a number takes the place of the one before it: a NaN does, and keeps it.
fn beats<F: Element>(of: Reduction, value: F, before: F) -> bool {
    !before.is_nan() && (value.is_nan() || if of == Reduction::Min { value < before } else { value > before })
}

/// Where in the output an index of the input ends up.
fn place(index: &[usize], output: &[usize]) -> usize {
    index.iter().zip(output).fold(0, |place, (&i, &n)| place * n + i.min(n - 1))
}

/// Of equal numbers the first in row-major order; a NaN is passed on.
impl<F: Element> OnHost<F> for Reduce {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        let output = self.output_shape(x.shape())?;
        let mut best: Vec<Option<F>> = vec![None; output.iter().product()];
        for (index, &value) in x.indexed_iter() {
            let best = &mut best[place(index.slice(), &output)];
            if best.is_none_or(|before| beats(self.of, value, before)) {
                *best = Some(value);
            }
        }
        shaped(&output, best.into_iter().flatten().collect())
    }

    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let output = self.output_shape(x.shape())?;
        let mut best: Vec<Option<(usize, F)>> = vec![None; output.iter().product()];
        for (from, (index, &value)) in x.indexed_iter().enumerate() {
            let best = &mut best[place(index.slice(), &output)];
            if best.is_none_or(|(_, before)| beats(self.of, value, before)) {
                *best = Some((from, value));
            }
        }
        let (winners, values): (Vec<usize>, Vec<F>) = best.into_iter().flatten().unzip();
        let y = shaped(&output, values)?;
        let (shape, count) = (x.shape().to_vec(), x.len());
        let pull = move |v: &Array<F>| {
            let mut dx = vec![F::zero(); count];
            winners.iter().zip(v.iter()).for_each(|(&from, &v)| dx[from] += v);
            shaped(&shape, dx)
        };
        Ok((y, Box::new(pull)))
    }
}
