//! A choice between two tensors, element by element.

use ndarray::{ArrayD, IxDyn, Zip};

use super::array::Array;
use super::on_host::{Host, HostVjp, OnHost, takes};
use crate::op::Where;
use crate::op::operation::Operation;
use crate::{Element, Error, NdArray, Pullback, Result, Tensor};

/// Where a condition chooses its first value; a NaN is not 0.
fn mask<F: Element>(condition: &Array<F>) -> ArrayD<bool> {
    condition.map(|&c| c != F::zero())
}

/// a where the mask is set, else b; `shape` is what all three broadcast to.
fn chosen<F: Element>(mask: &ArrayD<bool>, a: &Array<F>, b: &Array<F>, shape: &[usize]) -> Result<Array<F>> {
    let wide = IxDyn(shape);
    match (mask.broadcast(wide.clone()), a.broadcast(wide.clone()), b.broadcast(wide)) {
        (Some(mask), Some(a), Some(b)) => {
            Ok(Zip::from(mask).and(a).and(b).map_collect(|&mask, &a, &b| if mask { a } else { b }).into_shared())
        }
        _ => Err(Error::Shape { what: "operand of Where".into(), expected: shape.to_vec(), got: a.shape().to_vec() }),
    }
}

impl<F: Element> OnHost<F> for Where {
    fn forward(&self, inputs: &[&Host<F>]) -> Result<Host<F>> {
        let [condition, a, b] = takes(inputs)?;
        let shapes = [condition, a, b].map(|t| t.shape());
        let shape = Operation::<NdArray<F>>::output_of(self, &shapes.each_ref().map(Vec::as_slice))?;
        chosen(&mask(condition.inner()), a.inner(), b.inner(), &shape).map(Tensor::new)
    }

    fn vjp(&self, inputs: &[&Host<F>], wanted: &[bool]) -> Result<HostVjp<F>> {
        let y = self.forward(inputs)?;
        let inputs: [_; 3] = takes(inputs)?;
        let mask = mask(inputs[0].inner());
        let (shapes, output) = (inputs.map(|t| t.shape()), y.shape());
        let wanted = wanted.to_vec();
        let pull = move |v: &Host<F>| {
            let zero = Array::from_elem(IxDyn(&[]), F::zero());
            let part = |(i, shape): (usize, &Vec<usize>)| {
                let flow = match i {
                    _ if wanted.get(i) != Some(&true) => return Ok(None),
                    0 => return Ok(Some(Tensor::new(Array::from_elem(IxDyn(shape), F::zero())))),
                    1 => chosen(&mask, v.inner(), &zero, &output)?,
                    _ => chosen(&mask, &zero, v.inner(), &output)?,
                };
                Tensor::new(flow).sum_to(shape).map(Some)
            };
            shapes.iter().enumerate().map(part).collect()
        };
        Ok((y, Pullback::of_all(pull)))
    }
}
