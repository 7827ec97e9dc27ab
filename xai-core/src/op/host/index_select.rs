//! Entries of an axis by fixed places.

use ndarray::{ArrayD, Axis, IxDyn};

use super::array::{Array, Pull};
use super::on_host::OnHost;
use crate::op::IndexSelect;
use crate::{Element, Result};

impl<F: Element> OnHost<F> for IndexSelect {
    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let (op, shape) = (self.clone(), x.shape().to_vec());
        let axis = Axis(op.axis);
        let y = x.select(axis, &op.places).into_shared();
        let pull = move |v: &Array<F>| {
            let mut dx = ArrayD::from_elem(IxDyn(&shape), F::zero());
            for (&place, v) in op.places.iter().zip(v.axis_iter(axis)) {
                dx.index_axis_mut(axis, place).zip_mut_with(&v, |dx, &v| *dx += v);
            }
            Ok(dx.into_shared())
        };
        Ok((y, Box::new(pull)))
    }
}
