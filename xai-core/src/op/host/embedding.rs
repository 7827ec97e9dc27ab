//! Rows of a table.

use ndarray::Axis;

use super::array::{numbers, shaped};
use super::on_host::{Host, HostVjp, OnHost, takes};
use crate::op::Embedding;
use crate::{Element, NdArray, Pullback, Result, Tensor};

impl<F: Element> OnHost<F> for Embedding<NdArray<F>> {
    fn forward(&self, inputs: &[&Host<F>]) -> Result<Host<F>> {
        let [ids] = takes(inputs)?;
        let rows = self.rows(ids.inner().iter().map(|id| id.as_f64()))?;
        let chosen = numbers(&self.table).select(Axis(0), &rows);
        let mut shape = ids.shape();
        shape.extend_from_slice(&chosen.shape()[1..]);
        shaped(&shape, chosen.iter().copied().collect()).map(Tensor::new)
    }

    /// A choice of rows: nothing flows back to it.
    fn vjp(&self, inputs: &[&Host<F>], _: &[bool]) -> Result<HostVjp<F>> {
        Ok((self.forward(inputs)?, Pullback::of_all(|_| Ok(vec![None]))))
    }
}
