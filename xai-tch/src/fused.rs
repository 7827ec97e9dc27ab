//! A convolution with the norm and the activation that follow it, computed together.

use std::cell::Cell;

use tch::Tensor as Torch;
use xai_core::nn::{Activation, ConvBlock};
use xai_core::{Arithmetic, Error, FusedResult, Op, Pullback, Result, Tensor, Weight};

use crate::failure::{TchResult, failed, takes_others};
use crate::nn::layer;
use crate::nn::unwritten::Unwritten;
use crate::tape::{WithPullback, X, evaluate, record};
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
pub(crate) fn vjp<E: HostFloat>(ops: &[&Op<LibTorch<E>>], x: &X<E>) -> FusedResult<WithPullback<E>> {
    let place = Cell::new(0);
    let run = || match without_a_tape(ops, x, &place)? {
        Some(found) => Ok(found),
        None => record(|x| compute(ops, x[0], &place), &[x], &[true]),
    };
    run().map_err(|error| (place.get(), error))
}

/// What a tape of its own gives, which costs six passes over the map; where that is possible.
fn without_a_tape<E: HostFloat>(
    ops: &[&Op<LibTorch<E>>],
    x: &X<E>,
    place: &Cell<usize>,
) -> Result<Option<WithPullback<E>>> {
    let Some(block) = block(ops) else { return Err(takes_others("a fused block")) };
    let kind = x.inner().f_kind().map_err(failed)?;
    let of_kind = |weight: &Weight<LibTorch<E>>| weight.tensor().inner().f_kind().is_ok_and(|of| of == kind);
    if block.affine.is_some_and(|affine| !of_kind(&affine.scale) || !of_kind(&affine.shift)) {
        return Ok(None);
    }
    let Some((y, back)) = layer::conv2d_vjp(block.conv, x)? else { return Ok(None) };
    let mut y = y.into_inner();
    let mut scale = None;
    if let Some(affine) = block.affine {
        place.set(1);
        y = tch::no_grad(|| layer::channel_affine(affine, &y)).map_err(failed)?;
        scale = Some(layer::of_channels(&affine.scale, 4).map_err(failed)?);
    }
    place.set(block.ops() - 1);
    y = tch::no_grad(|| activated(block.activation, y)).map_err(failed)?;
    let (activation, shape) = (block.activation, LibTorch::<E>::shape(&y));
    let scale = scale.map(Unwritten::of).transpose()?;
    // Only what is needed: a rectifier tells what it let pass by its output.
    let output = activation.map(|_| Unwritten::of(y.shallow_clone())).transpose()?;
    let pull = move |v: &X<E>| {
        Error::check_shape("cotangent", &shape, &v.shape())?;
        let output = output.as_ref().map(Unwritten::read).transpose()?;
        let scale = scale.as_ref().map(Unwritten::read).transpose()?;
        let through = || -> TchResult {
            let v = v.inner().f_to_kind(kind)?;
            let v = match (activation, output) {
                (Some(Activation::Relu), Some(output)) => output.f_threshold_backward(&v, 0.0)?,
                (Some(Activation::Relu6), Some(output)) => output.f_hardtanh_backward(&v, 0.0, 6.0)?,
                _ => v,
            };
            scale.map_or_else(|| Ok(v.shallow_clone()), |scale| v.f_mul(scale))
        };
        back.pull(&Tensor::new(tch::no_grad(through).map_err(failed)?))
    };
    Ok(Some((Tensor::new(y), Pullback::new(pull))))
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
    activated(block.activation, y).map_err(failed)
}

/// In place.
fn activated(f: Option<Activation>, mut y: Torch) -> TchResult {
    match f {
        Some(Activation::Relu) => y.f_relu_(),
        Some(Activation::Relu6) => y.f_relu6_(),
        _ => Ok(y),
    }
}
