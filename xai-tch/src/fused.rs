//! A convolution with the norm and the activation that follow it, computed together.

use std::cell::Cell;

use tch::Tensor as Torch;
use xai_core::nn::{Activation, ConvBlock};
use xai_core::{FusedResult, Op, Pullback, Result};

use crate::failure::{failed, takes_others};
use crate::nn::layer;
use crate::tape::{X, evaluate, record};
use crate::{HostFloat, LibTorch};

/// An activation whose derivative is told by its output, so that it may overwrite its input.
fn is_told_by_its_output(f: Activation) -> bool {
    matches!(f, Activation::Relu | Activation::Relu6)
}

fn block<'a, E: HostFloat>(ops: &[&'a Op<LibTorch<E>>]) -> Option<ConvBlock<'a, LibTorch<E>>> {
    ConvBlock::at_start(ops, is_told_by_its_output)
}

/// How many operations are computed together: a convolution and what follows it, or none.
pub(crate) fn count<E: HostFloat>(ops: &[&Op<LibTorch<E>>]) -> usize {
    block(ops).map(|block| block.ops()).filter(|&ops| ops > 1).unwrap_or(0)
}

/// y = f(x). On a tape, if one is being recorded.
pub(crate) fn forward<E: HostFloat>(ops: &[&Op<LibTorch<E>>], x: &X<E>) -> FusedResult<X<E>> {
    let place = Cell::new(0);
    evaluate(|x| compute(ops, x[0], &place), &[x]).map_err(|error| (place.get(), error))
}

/// As [`forward`], with the pullback.
pub(crate) fn vjp<E: HostFloat>(
    ops: &[&Op<LibTorch<E>>],
    x: &X<E>,
) -> FusedResult<(X<E>, Pullback<'static, LibTorch<E>>)> {
    let place = Cell::new(0);
    record(|x| compute(ops, x[0], &place), &[x], &[true]).map_err(|error| (place.get(), error))
}

/// act(scale · conv(x) + shift), where the activation overwrites the map: nothing that libtorch holds for the way back
/// needs what was there. `place` tells which of the operations is at it.
///
/// The scale does not go into the weight, though that would save a pass: it rounds otherwise, and behind the kinks of a
/// deep network the gradient in single precision is then another one than PyTorch's, by some thousandths.
fn compute<E: HostFloat>(ops: &[&Op<LibTorch<E>>], x: &Torch, place: &Cell<usize>) -> Result<Torch> {
    let Some(block) = block(ops) else { return Err(takes_others("a fused block")) };
    let mut y = layer::conv2d(block.conv, x)?;
    if let Some(affine) = block.affine {
        place.set(1);
        y = layer::channel_affine(affine, &y).map_err(failed)?;
    }
    place.set(block.ops() - 1);
    match block.activation {
        Some(Activation::Relu) => y.f_relu_(),
        Some(Activation::Relu6) => y.f_relu6_(),
        _ => Ok(y),
    }
    .map_err(failed)
}
