//! The user's own forward code, differentiated by candle's tape.

use std::cell::Cell;

use candle_core::Tensor;
use xai_core::{Autograd, Pullback, Result};

use crate::error::of_code;
use crate::explaining::{explaining, is_training};
use crate::guard::{self, Pass};
use crate::rows::all_or_one_by_one;
use crate::tape::on_the_tape;
use crate::{Candle, Host};

impl<E: Host> Autograd for Candle<E> {
    fn evaluate(
        f: impl Fn(&[&Tensor]) -> Result<Tensor>,
        x: &[xai_core::Tensor<Self>],
    ) -> Result<xai_core::Tensor<Self>> {
        if is_training() {
            let x: Vec<_> = x.iter().map(xai_core::Tensor::inner).collect();
            return all_or_one_by_one(|x| f(x).map_err(of_code), &x).map(xai_core::Tensor::new);
        }
        let x: Vec<Tensor> = x.iter().map(|x| x.inner().detach()).collect();
        let f = |x: &[&Tensor]| explaining(|| f(x)).map_err(of_code);
        let y = all_or_one_by_one(f, &x.iter().collect::<Vec<_>>())?;
        Ok(xai_core::Tensor::new(y.detach()))
    }

    fn record<'a>(
        f: impl Fn(&[&Tensor]) -> Result<Tensor> + 'a,
        x: &[xai_core::Tensor<Self>],
    ) -> Result<(xai_core::Tensor<Self>, Pullback<'a, Self>)> {
        let f = move |x: &[&Tensor]| all_or_one_by_one(|x| explaining(|| f(x)).map_err(of_code), x);
        let (y, pullback) = on_the_tape(&f, x)?;
        let [only] = x else { return Ok((y, pullback)) };
        let (only, output, asked) = (only.inner().detach(), y.inner().clone(), Cell::new(false));
        let guarded = move |v: &xai_core::Tensor<Self>| {
            let parts = pullback.pull_all(v)?;
            if let ([Some(dx)], false) = (&parts[..], asked.replace(true)) {
                let pass = Pass { x: &only, y: &output, v: v.inner(), dx: dx.inner() };
                guard::check::<E>(&f, &pass)?;
            }
            Ok(parts)
        };
        Ok((y, Pullback::of_all(guarded)))
    }
}
