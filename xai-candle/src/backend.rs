//! Networks on candle's tensors: each operation by its rule, and convolution blocks together.

use xai_core::nn::{Activation, MaxPool2d};
use xai_core::{Backend, FusedResult, Op, Pullback, Result, Tensor};

use crate::error::failed;
use crate::explaining::is_training;
use crate::memory::keep_freed_maps;
use crate::rules::{self, with_pullback};
use crate::{Candle, Host, ops, run, wide};

impl<E: Host> Backend for Candle<E> {
    fn is_training() -> bool {
        is_training()
    }

    fn forward(op: &Op<Self>, inputs: &[&Tensor<Self>]) -> Result<Tensor<Self>> {
        if is_training() {
            let inputs: Vec<_> = inputs.iter().map(|input| input.inner()).collect();
            return ops::of_several(op, &inputs).map(Tensor::new);
        }
        match (op, inputs) {
            (Op::Embedding(op), [ids]) => rules::embedding(op, op.table.tensor().inner(), ids.inner()).map(Tensor::new),
            (Op::Where(_), &[condition, a, b]) => rules::select([condition, a, b], &[]).map(|(y, _)| y),
            (op, [x]) if rules::has(op) => {
                keep_freed_maps(x.inner());
                rules::forward(op, x.inner()).map(Tensor::new)
            }
            _ => wide::forward(op, inputs),
        }
    }

    fn vjp(
        op: &Op<Self>,
        inputs: &[&Tensor<Self>],
        wanted: &[bool],
    ) -> Result<(Tensor<Self>, Pullback<'static, Self>)> {
        match (op, inputs) {
            // A choice of rows: nothing flows back to it.
            (Op::Embedding(op), [ids]) => {
                let rows = rules::embedding(op, op.table.tensor().inner(), ids.inner())?;
                Ok((Tensor::new(rows), Pullback::of_all(|_| Ok(vec![None]))))
            }
            (Op::Where(_), &[condition, a, b]) => rules::select([condition, a, b], wanted),
            (op, [x]) if rules::has(op) => {
                keep_freed_maps(x.inner());
                rules::vjp(op, x.inner()).map(with_pullback)
            }
            _ => wide::vjp(op, inputs, wanted),
        }
    }

    fn fuses(ops: &[&Op<Self>], x: &Tensor<Self>) -> usize {
        if is_training() { 0 } else { run::fuses(ops, x.inner()) }
    }

    fn forward_fused(ops: &[&Op<Self>], x: &Tensor<Self>) -> FusedResult<Tensor<Self>> {
        keep_freed_maps(x.inner());
        run::forward(ops, x.inner()).map(Tensor::new)
    }

    fn vjp_fused(ops: &[&Op<Self>], x: &Tensor<Self>) -> FusedResult<(Tensor<Self>, Pullback<'static, Self>)> {
        keep_freed_maps(x.inner());
        run::vjp(ops, x.inner()).map(with_pullback)
    }

    fn secant_pull(
        f: Activation,
        a: &candle_core::Tensor,
        b: &candle_core::Tensor,
        v: &candle_core::Tensor,
    ) -> Result<candle_core::Tensor> {
        rules::secant_pull(f, &a.detach(), &b.detach(), &v.detach()).map_err(failed)
    }

    fn ratio_pull(
        v: &candle_core::Tensor,
        a: &candle_core::Tensor,
        b: &candle_core::Tensor,
        eps: f64,
    ) -> Result<candle_core::Tensor> {
        rules::ratio_pull(&v.detach(), &a.detach(), &b.detach(), eps).map_err(failed)
    }

    fn alpha_beta_pull(tensors: [&Tensor<Self>; 4], factors: [f64; 2], eps: f64) -> Result<[Tensor<Self>; 2]> {
        let [v, y, z, less] = tensors.map(|t| t.inner().detach());
        rules::alpha_beta_pull([&v, &y, &z, &less], factors, eps).map_err(failed).map(|both| both.map(Tensor::new))
    }

    fn max_pool_segments(
        op: &MaxPool2d,
        x: &Tensor<Self>,
        nodes: usize,
    ) -> Result<(Tensor<Self>, Pullback<'static, Self>)> {
        rules::max_pool_segments(op, x.inner(), nodes).map(with_pullback)
    }
}
