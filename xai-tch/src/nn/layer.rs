//! Operations with weights: convolution, linear, norms, tables. Gradients of weights are recorded where somebody
//! trains.

use tch::{Kind, TchError, Tensor as Torch};
use xai_core::nn::{
    ChannelAffine, Conv2d, ConvBlock, ConvTranspose2d, Embedding, GroupNorm, LayerNorm, Linear, Padding, RmsNorm,
};
use xai_core::{Arithmetic, Error, Pullback, Result, Tensor, Weight};

use super::resize::pad;
use super::unwritten::Unwritten;
use crate::backend::int;
use crate::failure::{TchResult, failed};
use crate::packed::{self, Part};
use crate::tape::{WithPullback, X, evaluate, is_recording, is_training};
use crate::{HostFloat, LibTorch};

/// A weight without the user's wish for its gradient, unless it is trained.
fn frozen<E: HostFloat>(weight: &Weight<LibTorch<E>>) -> TchResult {
    if is_training() { Ok(weight.tensor().into_inner()) } else { weight.tensor().inner().f_detach() }
}

fn frozen_option<E: HostFloat>(weight: Option<&Weight<LibTorch<E>>>) -> Result<Option<Torch>, TchError> {
    weight.map(frozen).transpose()
}

/// w ∗ x + b, in the fewest steps where nothing goes back.
pub(crate) fn conv2d<E: HostFloat>(op: &Conv2d<LibTorch<E>>, x: &Torch) -> Result<Torch> {
    let alone = ConvBlock { conv: op, affine: None, activation: None };
    match packed::blocks(&[Part { blocks: vec![alone], plus_input: false }], x) {
        Some(y) => Ok(y),
        None => own_conv2d(op, x),
    }
}

/// The same in the order of libtorch's own maps, in which the way back is as fast.
fn own_conv2d<E: HostFloat>(op: &Conv2d<LibTorch<E>>, x: &Torch) -> Result<Torch> {
    let border = op.geometry(&LibTorch::<E>::shape(x))?.padding;
    let conv = |x: &Torch, padding: [usize; 2]| {
        let (weight, bias) = (frozen(&op.weight)?, frozen_option(op.bias.as_ref())?);
        x.f_conv2d(&weight, bias, op.stride.map(int), padding.map(int), op.dilation.map(int), int(op.groups))
    };
    match border.as_symmetric() {
        Some(padding) => conv(x, padding),
        // A border that libtorch does not know: it pads above as below.
        None => pad(x, border, 0.0).and_then(|x| conv(&x, [0, 0])),
    }
    .map_err(failed)
}

/// Whether a convolution goes back without a tape, beside an input of its weight's type.
pub(super) fn has_a_way_back<E: HostFloat>(op: &Conv2d<LibTorch<E>>) -> bool {
    op.weight.tensor().inner().f_kind().is_ok_and(|kind| matches!(kind, Kind::Float | Kind::Double))
}

/// y, and the pullback as the transposed convolution that it is: but for rounding what libtorch's tape gives, which
/// would take the cotangent by a product with y, six passes over a map more. None where that is not the whole story: on
/// a tape, for half types, and for weights of another type.
pub(crate) fn conv2d_vjp<E: HostFloat>(op: &Conv2d<LibTorch<E>>, x: &X<E>) -> Result<Option<WithPullback<E>>> {
    let weight = frozen(&op.weight).map_err(failed)?;
    let kind = weight.f_kind().map_err(failed)?;
    let kinds = [x.inner().f_kind().map_err(failed)?, kind];
    if is_training() || is_recording() || !matches!(kinds, [Kind::Float, Kind::Float] | [Kind::Double, Kind::Double]) {
        return Ok(None);
    }
    let g = op.geometry(&x.shape())?;
    let y = evaluate(|x| own_conv2d(op, x[0]), &[x])?;
    // Cut the same off both sides, or nothing, and the borders afterwards.
    let (Padding { top, bottom, left, right }, even) = (g.padding, g.padding.as_symmetric());
    let cut = even.unwrap_or([0; 2]);
    let whole = [g.input[0] + top + bottom, g.input[1] + left + right];
    let read = |axis: usize| (g.output[axis] - 1) * g.stride[axis] + g.dilation[axis] * (g.kernel[axis] - 1) + 1;
    let more = [0, 1].map(|axis| int(whole[axis] - read(axis)));
    let weight = Unwritten::of(weight)?;
    let pull = move |v: &X<E>| {
        Error::check_shape("cotangent", &g.output_shape(), &v.shape())?;
        let weight = weight.read()?;
        let run = || -> TchResult {
            let (stride, dilation) = (g.stride.map(int), g.dilation.map(int));
            let v = v.inner().f_detach()?.f_to_kind(kind)?;
            let dx =
                v.f_conv_transpose2d(weight, None::<&Torch>, stride, cut.map(int), more, int(g.groups), dilation)?;
            match even {
                Some(_) => Ok(dx),
                None => dx.f_narrow(2, int(top), int(g.input[0]))?.f_narrow(3, int(left), int(g.input[1])),
            }
        };
        tch::no_grad(run).map(Tensor::new).map_err(failed)
    };
    Ok(Some((y, Pullback::new(pull))))
}

pub(super) fn conv_transpose2d<E: HostFloat>(op: &ConvTranspose2d<LibTorch<E>>, x: &Torch) -> Result<Torch> {
    let size = op.geometry(&LibTorch::<E>::shape(x))?.input;
    // libtorch cuts the same off both sides: what is more on one of them is cut off afterwards.
    let Padding { top, bottom, left, right } = op.padding;
    let padding = [top.min(bottom), left.min(right)];
    let run = || -> TchResult {
        let (weight, bias) = (frozen(&op.weight)?, frozen_option(op.bias.as_ref())?);
        let (stride, dilation, more) = (op.stride.map(int), op.dilation.map(int), op.output_padding.map(int));
        let y = x.f_conv_transpose2d(&weight, bias, stride, padding.map(int), more, int(op.groups), dilation)?;
        if op.padding.as_symmetric().is_some() {
            return Ok(y);
        }
        let rows = y.f_narrow(2, int(top - padding[0]), int(size[0]))?;
        rows.f_narrow(3, int(left - padding[1]), int(size[1]))
    };
    run().map_err(failed)
}

pub(super) fn linear<E: HostFloat>(op: &Linear<LibTorch<E>>, x: &Torch) -> TchResult {
    if let Some(y) = packed::linear(op, x) {
        return Ok(y);
    }
    x.f_linear(&frozen(&op.weight)?, frozen_option(op.bias.as_ref())?)
}

/// In one pass over the map, forward and back, where a product and a sum are two; and unlike libtorch's batch norm, it
/// holds no map for the way back.
pub(crate) fn channel_affine<E: HostFloat>(op: &ChannelAffine<LibTorch<E>>, x: &Torch) -> TchResult {
    of_channels(&op.shift, x.dim())?.f_addcmul(x, &of_channels(&op.scale, x.dim())?)
}

/// (C) as (1, C, 1, ...) of so many axes.
pub(crate) fn of_channels<E: HostFloat>(weight: &Weight<LibTorch<E>>, axes: usize) -> TchResult {
    let mut per_channel = vec![1; axes.max(2)];
    per_channel[1] = -1;
    frozen(weight)?.f_view(&per_channel[..])
}

/// The last `count` lengths of x; all of them if there are fewer.
fn last_lengths(x: &Torch, count: usize) -> Vec<i64> {
    let shape = x.size();
    shape.get(shape.len().saturating_sub(count)..).unwrap_or_default().to_vec()
}

pub(super) fn layer_norm<E: HostFloat>(op: &LayerNorm<LibTorch<E>>, x: &Torch) -> TchResult {
    let (weight, bias) = (frozen_option(op.weight.as_ref())?, frozen_option(op.bias.as_ref())?);
    x.f_layer_norm(last_lengths(x, op.axes), weight, bias, op.eps, true)
}

pub(super) fn rms_norm<E: HostFloat>(op: &RmsNorm<LibTorch<E>>, x: &Torch) -> TchResult {
    x.f_rms_norm(last_lengths(x, 1), frozen_option(op.weight.as_ref())?, op.eps)
}

pub(super) fn group_norm<E: HostFloat>(op: &GroupNorm<LibTorch<E>>, x: &Torch) -> TchResult {
    let (weight, bias) = (frozen_option(op.weight.as_ref())?, frozen_option(op.bias.as_ref())?);
    x.f_group_norm(int(op.groups), weight, bias, op.eps, true)
}

/// The ids are read on the host, where one outside of the table is an error: on a device, libtorch could do nothing
/// more after it.
pub(super) fn embedding<E: HostFloat>(op: &Embedding<LibTorch<E>>, ids: &Torch) -> Result<Torch> {
    let ids = ids.f_detach().map_err(failed)?;
    let rows = op.rows(LibTorch::<f64>::download(&ids)?)?;
    let chosen = || -> TchResult {
        let rows: Vec<i64> = rows.into_iter().map(int).collect();
        let table = frozen(&op.table)?;
        let rows = table.f_index_select(0, &Torch::f_from_slice(&rows)?.f_to_device(table.device())?)?;
        let mut shape = ids.size();
        shape.extend(table.size().last());
        rows.f_reshape(shape)
    };
    chosen().map_err(failed)
}
