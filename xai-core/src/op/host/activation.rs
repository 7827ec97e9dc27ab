//! Elementwise activations, computed in `f64`.

use super::array::{Array, Pull};
use super::on_host::OnHost;
use crate::op::Activation;
use crate::{Element, Result};

impl<F: Element> OnHost<F> for Activation {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        Ok(x.mapv(|v| F::of(self.value(v.as_f64()))).into_shared())
    }

    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let (activation, y, x) = (*self, self.output(x)?, x.clone());
        let pull = move |v: &Array<F>| {
            let mut dx = v.to_owned();
            // A derivative of 0 stops even an infinite cotangent.
            dx.zip_mut_with(&x, |v, x| {
                let slope = activation.derivative(x.as_f64());
                *v = if slope == 0.0 { F::zero() } else { F::of(slope * v.as_f64()) };
            });
            Ok(dx.into_shared())
        };
        Ok((y, Box::new(pull)))
    }
}
