//! Convolutions on the CPU, one behind the other, together with what follows each.

mod block;
mod blocks;
#[cfg(test)]
mod tests;

use candle_core::{DType, Tensor};
use xai_core::nn::ConvBlock;
use xai_core::{FusedResult, Op};

use self::blocks::Blocks;
use crate::rules::Pull;
use crate::{Candle, Host};

/// How many operations are computed together: those of the convolution blocks that they begin with, where our kernels
/// compute.
pub(crate) fn fuses<E: Host>(ops: &[&Op<Candle<E>>], x: &Tensor) -> usize {
    if !x.device().is_cpu() || !matches!(x.dtype(), DType::F32 | DType::F64) {
        return 0;
    }
    found(ops).iter().map(ConvBlock::ops).sum()
}

/// y = f(x).
pub(crate) fn forward<E: Host>(ops: &[&Op<Candle<E>>], x: &Tensor) -> FusedResult<Tensor> {
    Blocks::new(&found(ops), x)?.forward(x)
}

/// y = f(x), and the pullback to x.
pub(crate) fn vjp<E: Host>(ops: &[&Op<Candle<E>>], x: &Tensor) -> FusedResult<(Tensor, Pull)> {
    let blocks = Blocks::new(&found(ops), x)?;
    let (y, passed) = blocks.forward_and_back(x)?;
    let pull: Pull = Box::new(move |v| blocks.pull(&passed, v));
    Ok((y, pull))
}

fn found<'a, E: Host>(ops: &[&'a Op<Candle<E>>]) -> Vec<ConvBlock<'a, Candle<E>>> {
    ConvBlock::all_at_start(ops, block::is_clamp)
}
