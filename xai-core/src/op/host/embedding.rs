//! Rows of a table.

use ndarray::Axis;

use super::array::{Array, numbers, shaped};
use crate::op::Embedding;
use crate::{Element, NdArray, Result};

pub(super) fn forward<F: Element>(embedding: &Embedding<NdArray<F>>, ids: &Array<F>) -> Result<Array<F>> {
    let rows = embedding.rows(ids.iter().map(|id| id.as_f64()))?;
    let chosen = numbers(&embedding.table).select(Axis(0), &rows);
    let mut shape = ids.shape().to_vec();
    shape.extend_from_slice(&chosen.shape()[1..]);
    shaped(&shape, chosen.iter().copied().collect())
}
