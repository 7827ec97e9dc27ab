//! Entries of an axis, chosen by an input's whole numbers.

use ndarray::{ArrayD, Axis, IxDyn};

use super::array::{Array, failed};
use super::on_host::{Host, HostVjp, OnHost, takes};
use crate::op::Gather;
use crate::{Element, Pullback, Result, Tensor};

/// The places of each sample, and the output's shape.
fn places<F: Element>(op: Gather, x: &Array<F>, ids: &Array<F>) -> Result<(Vec<Vec<usize>>, Vec<usize>)> {
    let output = op.output_shape(x.shape(), ids.shape())?;
    let of_sample = |ids: ndarray::ArrayViewD<'_, F>| op.places(x.shape()[op.axis], ids.iter().map(|id| id.as_f64()));
    Ok((ids.outer_iter().map(of_sample).collect::<Result<_>>()?, output))
}

fn chosen<F: Element>(op: Gather, x: &Array<F>, places: &[Vec<usize>], output: &[usize]) -> Result<Host<F>> {
    let samples = x.outer_iter().zip(places).map(|(x, places)| x.select(Axis(op.axis - 1), places));
    // All of a sample's ids on one axis.
    let numbers = samples.flatten().collect();
    ArrayD::from_shape_vec(IxDyn(output), numbers).map(|y| Tensor::new(y.into_shared())).map_err(failed)
}

impl<F: Element> OnHost<F> for Gather {
    fn forward(&self, inputs: &[&Host<F>]) -> Result<Host<F>> {
        let [x, ids] = takes(inputs)?;
        let (places, output) = places(*self, x.inner(), ids.inner())?;
        chosen(*self, x.inner(), &places, &output)
    }

    fn vjp(&self, inputs: &[&Host<F>], wanted: &[bool]) -> Result<HostVjp<F>> {
        let (op, [x, ids]) = (*self, takes(inputs)?);
        let (places, output) = places(op, x.inner(), ids.inner())?;
        let y = chosen(op, x.inner(), &places, &output)?;
        let (shape, wanted) = (x.shape(), wanted.first() == Some(&true));
        let pull = move |v: &Host<F>| {
            if !wanted {
                return Ok(vec![None, None]);
            }
            let axis = Axis(op.axis - 1);
            let mut flat = shape.clone();
            flat[op.axis] = places.first().map_or(0, Vec::len);
            let v = v.inner().to_shape(IxDyn(&flat)).map_err(failed)?;
            let mut dx = ArrayD::from_elem(IxDyn(&shape), F::zero());
            for ((mut dx, v), places) in dx.outer_iter_mut().zip(v.outer_iter()).zip(&places) {
                for (&place, v) in places.iter().zip(v.axis_iter(axis)) {
                    dx.index_axis_mut(axis, place).zip_mut_with(&v, |dx, &v| *dx += v);
                }
            }
            Ok(vec![Some(Tensor::new(dx.into_shared())), None])
        };
        Ok((y, Pullback::of_all(pull)))
    }
}
