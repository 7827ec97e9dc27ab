//! Networks on plain arrays: the truth that the frameworks are compared with.

use super::backend::Backend;
use super::{Op, fallback};
use crate::{Element, NdArray, Pullback, Result, Tensor};

/// All by what is provided for any backend, which on the host is no way at all; weights and inputs stay where they are.
impl<F: Element> Backend for NdArray<F> {
    fn forward(op: &Op<Self>, inputs: &[&Tensor<Self>]) -> Result<Tensor<Self>> {
        fallback::on_host(op, inputs)
    }

    fn vjp(
        op: &Op<Self>,
        inputs: &[&Tensor<Self>],
        wanted: &[bool],
    ) -> Result<(Tensor<Self>, Pullback<'static, Self>)> {
        fallback::vjp_on_host(op, inputs, wanted)
    }
}
