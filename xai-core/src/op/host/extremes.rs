//! The greatest and the smallest numbers along axes.

use ndarray::Dimension;

use super::array::{Array, Pull, shaped};
use crate::op::{Reduce, Reduction};
use crate::{Element, Result};

/// Of equal numbers the first in row-major order; a NaN is passed on.
pub(super) fn reduce<F: Element>(op: &Reduce, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
    let output = op.output_shape(x.shape())?;
    let beats = |a: F, b: F| a.is_nan() || if op.of == Reduction::Min { a < b } else { a > b };
    let mut best: Vec<Option<(usize, F)>> = vec![None; output.iter().product()];
    for (from, (index, &value)) in x.indexed_iter().enumerate() {
        let place = index.slice().iter().zip(&output).fold(0, |place, (&i, &n)| place * n + i.min(n - 1));
        if best[place].is_none_or(|(_, before)| !before.is_nan() && beats(value, before)) {
            best[place] = Some((from, value));
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
