//! The fully connected layer as a matrix product.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

use super::array::{Array, Pull, failed, flat, numbers, shaped};
use super::on_host::OnHost;
use crate::op::Linear;
use crate::{Element, NdArray, Result};

impl<F: Element> OnHost<F> for Linear<NdArray<F>> {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        let shape = self.output_shape(x.shape())?;
        let (weight, values) = (numbers(&self.weight), flat(x));
        let (outputs, inputs) = (weight.shape()[0], weight.shape()[1]);
        let samples = values.len() / inputs;
        let mut y = vec![F::zero(); samples * outputs];
        if let Some(bias) = &self.bias {
            let bias = numbers(bias);
            let bias = flat(&bias);
            y.iter_mut().zip(bias.iter().cycle()).for_each(|(y, &b)| *y = b);
        }
        let weights = flat(&weight);
        let weight = ArrayView2::from_shape((outputs, inputs), &weights).map_err(failed)?;
        let values = ArrayView2::from_shape((samples, inputs), &values).map_err(failed)?;
        let mut product = ArrayViewMut2::from_shape((samples, outputs), &mut y).map_err(failed)?;
        general_mat_mul(F::one(), &values, &weight.t(), F::one(), &mut product);
        shaped(&shape, y)
    }

    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let y = self.output(x)?;
        let (weight, shape) = (numbers(&self.weight), x.shape().to_vec());
        let pull = move |v: &Array<F>| {
            let (weights, v) = (flat(&weight), flat(v));
            let (outputs, inputs) = (weight.shape()[0], weight.shape()[1]);
            let samples = v.len() / outputs;
            let weight = ArrayView2::from_shape((outputs, inputs), &weights).map_err(failed)?;
            let v = ArrayView2::from_shape((samples, outputs), &v).map_err(failed)?;
            let mut dx = vec![F::zero(); samples * inputs];
            let mut product = ArrayViewMut2::from_shape((samples, inputs), &mut dx).map_err(failed)?;
            general_mat_mul(F::one(), &v, &weight, F::zero(), &mut product);
            shaped(&shape, dx)
        };
        Ok((y, Box::new(pull)))
    }
}
