//! The vocabulary of layers on candle.

use xai_core::nn::{NnBackend, Op};
use xai_core::{Error, Pullback, Result, Tensor};

use crate::backend::failed;
use crate::rules::{self, Pull};
use crate::{Candle, Host};

impl<E: Host> NnBackend for Candle<E> {
    fn forward(op: Op<'_, Self>, x: &Tensor<Self>) -> Result<Tensor<Self>> {
        rules::forward(op, x.inner()).map(Tensor::new)
    }

    fn vjp(op: Op<'_, Self>, x: &Tensor<Self>) -> Result<(Tensor<Self>, Pullback<'static, Self>)> {
        rules::vjp(op, x.inner()).map(with_pullback)
    }
}

/// A rule's result in the core's types.
pub(crate) fn with_pullback<E: Host>(
    (y, pull): (candle_core::Tensor, Pull),
) -> (Tensor<Candle<E>>, Pullback<'static, Candle<E>>) {
    let shape = y.dims().to_vec();
    let pull = move |v: &Tensor<Candle<E>>| {
        Error::check_shape("cotangent", &shape, &v.shape())?;
        pull(v.inner()).map(Tensor::new).map_err(failed)
    };
    (Tensor::new(y), Pullback::new(pull))
}
