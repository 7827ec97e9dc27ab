//! Convolutions, one behind the other, with the norm and the activation that follow each, computed together.

use std::cell::Cell;

use tch::Tensor as Torch;
use xai_core::nn::{Activation, ConvBlock};
use xai_core::{Arithmetic, Error, FusedResult, Op, Pullback, Residual, Result, Tensor, Weight};

use crate::failure::{TchResult, failed};
use crate::nn::layer;
use crate::nn::unwritten::Unwritten;
use crate::packed::{self, Part};
use crate::tape::{WithPullback, X, evaluate, record};
use crate::{HostFloat, LibTorch};

/// An activation whose derivative is told by its output, so that it may overwrite its input.
fn is_told_by_its_output(f: Activation) -> bool {
    matches!(f, Activation::Relu | Activation::Relu6)
}

fn blocks<'a, E: HostFloat>(ops: &[&'a Op<LibTorch<E>>]) -> Vec<ConvBlock<'a, LibTorch<E>>> {
    ConvBlock::all_at_start(ops, is_told_by_its_output)
}

/// How many operations are computed together: those of the convolution blocks that they begin with, or none.
pub(crate) fn count<E: HostFloat>(ops: &[&Op<LibTorch<E>>]) -> usize {
    let count = blocks(ops).iter().map(ConvBlock::ops).sum();
    if count > 1 { count } else { 0 }
}

/// How many operations the first of the blocks is.
pub(crate) fn first<E: HostFloat>(ops: &[&Op<LibTorch<E>>]) -> usize {
    ConvBlock::at_start(ops, is_told_by_its_output).map_or(0, |block| block.ops())
}

/// y = f(x) of a part. `place` tells which of the operations is at it.
fn part<E: HostFloat>(part: &Part<'_, E>, x: &Torch, place: &Place) -> Result<Torch> {
    let y = part.blocks.iter().try_fold(x.shallow_clone(), |x, block| {
        let y = compute(block, &x, place)?;
        place.behind(block.ops());
        Ok(y)
    })?;
    if !part.plus_input {
        return Ok(y);
    }
    let sum = y.f_add(x).map_err(failed)?;
    place.behind(1);
    Ok(sum)
}

/// y = f(x). On a tape, if one is being recorded.
pub(crate) fn forward<E: HostFloat>(parts: &[Residual<'_, LibTorch<E>>], x: &X<E>) -> FusedResult<X<E>> {
    let parts: Vec<_> =
        parts.iter().map(|part| Part { blocks: blocks(&part.ops), plus_input: part.plus_input }).collect();
    let place = Place::default();
    let run = |x: &Torch| match packed::blocks(&parts, x) {
        Some(y) => Ok(y),
        None => parts.iter().try_fold(x.shallow_clone(), |x, of| part(of, &x, &place)),
    };
    evaluate(|x| run(x[0]), &[x]).map_err(|error| (place.now(), error))
}

/// As [`forward`], with the pullback.
pub(crate) fn vjp<E: HostFloat>(ops: &[&Op<LibTorch<E>>], x: &X<E>) -> FusedResult<WithPullback<E>> {
    let (place, mut y, mut pulls) = (Place::default(), x.clone(), Vec::new());
    for block in blocks(ops) {
        let (next, pull) = block_vjp(&block, &y, &place).map_err(|error| (place.now(), error))?;
        (y, _) = (next, pulls.push(pull));
        place.behind(block.ops());
    }
    Ok((y, Pullback::new(move |v| pulls.iter().rev().try_fold(v.clone(), |v, pull| pull.pull(&v)))))
}

/// The operation that is being computed, among those that are computed together.
#[derive(Default)]
struct Place {
    block: Cell<usize>,
    inside: Cell<usize>,
}

impl Place {
    fn now(&self) -> usize {
        self.block.get() + self.inside.get()
    }

    fn behind(&self, ops: usize) {
        self.block.set(self.block.get() + ops);
        self.inside.set(0);
    }
}

fn block_vjp<E: HostFloat>(block: &ConvBlock<'_, LibTorch<E>>, x: &X<E>, place: &Place) -> Result<WithPullback<E>> {
    match without_a_tape(block, x, place)? {
        Some(found) => Ok(found),
        None => record(|x| compute(block, x[0], place), &[x], &[true]),
    }
}

/// What a tape of its own gives, which costs six passes over the map; where that is possible.
fn without_a_tape<E: HostFloat>(
    block: &ConvBlock<'_, LibTorch<E>>,
    x: &X<E>,
    place: &Place,
) -> Result<Option<WithPullback<E>>> {
    let kind = x.inner().f_kind().map_err(failed)?;
    let of_kind = |weight: &Weight<LibTorch<E>>| weight.tensor().inner().f_kind().is_ok_and(|of| of == kind);
    if block.affine.is_some_and(|affine| !of_kind(&affine.scale) || !of_kind(&affine.shift)) {
        return Ok(None);
    }
    let Some((y, back)) = layer::conv2d_vjp(block.conv, x)? else { return Ok(None) };
    let mut y = y.into_inner();
    let mut scale = None;
    if let Some(affine) = block.affine {
        place.inside.set(1);
        y = tch::no_grad(|| layer::channel_affine(affine, &y)).map_err(failed)?;
        scale = Some(layer::of_channels(&affine.scale, 4).map_err(failed)?);
    }
    place.inside.set(block.ops() - 1);
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
fn compute<E: HostFloat>(block: &ConvBlock<'_, LibTorch<E>>, x: &Torch, place: &Place) -> Result<Torch> {
    let mut y = layer::conv2d(block.conv, x)?;
    if let Some(affine) = block.affine {
        place.inside.set(1);
        y = layer::channel_affine(affine, &y).map_err(failed)?;
    }
    place.inside.set(block.ops() - 1);
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
