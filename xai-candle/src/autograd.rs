//! The user's own forward code, differentiated by candle's tape.

use std::cell::Cell;

use candle_core::Tensor;
use xai_core::{Autograd, Pullback, Result};

use crate::error::of_code;
use crate::explaining::{explaining, is_training};
use crate::guard::{self, Pass, whose};
use crate::memory::keep_freed_maps;
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
            let (y, _) = whose(|| all_or_one_by_one(|x| f(x).map_err(of_code), &x));
            return y.map(xai_core::Tensor::new);
        }
        x.iter().for_each(|x| keep_freed_maps(x.inner()));
        let x: Vec<Tensor> = x.iter().map(|x| x.inner().detach()).collect();
        let f = |x: &[&Tensor]| explaining(|| f(x)).map_err(of_code);
        let (y, _) = whose(|| all_or_one_by_one(f, &x.iter().collect::<Vec<_>>()));
        Ok(xai_core::Tensor::new(y?.detach()))
    }

    fn record<'a>(
        f: impl Fn(&[&Tensor]) -> Result<Tensor> + 'a,
        x: &[xai_core::Tensor<Self>],
    ) -> Result<(xai_core::Tensor<Self>, Pullback<'a, Self>)> {
        let f = move |x: &[&Tensor]| all_or_one_by_one(|x| explaining(|| f(x)).map_err(of_code), x);
        let (recorded, memory) = whose(|| on_the_tape(&f, x));
        let (y, pullback) = recorded?;
        let (inputs, output, asked) =
            (x.iter().map(|x| x.inner().detach()).collect::<Vec<_>>(), y.inner().clone(), Cell::new(false));
        let guarded = move |v: &xai_core::Tensor<Self>| {
            let parts = pullback.pull_all(v)?;
            if !asked.replace(true) {
                let dx: Vec<_> = parts.iter().map(|dx| dx.as_ref().map(|dx| dx.inner().clone())).collect();
                let pass = Pass { x: &inputs, y: &output, v: v.inner(), dx: &dx };
                guard::check::<E>(&f, &pass, memory.as_ref())?;
            }
            Ok(parts)
        };
        Ok((y, Pullback::of_all(guarded)))
    }
}
