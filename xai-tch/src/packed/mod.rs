//! Convolutions and linear layers on the CPU by oneDNN, where no tape is recorded: the convolutions' weights lie as it
//! wants them, and the maps with their channels last.
//!
//! libtorch's own convolution brings both into oneDNN's order and the map back, at every layer and pass: more time
//! than many a layer's product takes. Its linear layer is MKL's, which takes twice oneDNN's time on processors that are
//! not Intel's. What computes so stands in libtorch, for the code that PyTorch's compiler writes, and is reached
//! through a script alone: `script.pt`, which `script.py` has written.

mod border;

use std::sync::OnceLock;

use tch::{CModule, Device, IValue, Kind, Tensor as Torch};
use xai_core::nn::{Activation, Conv2d, ConvBlock, ConvGeometry, Linear};
use xai_core::{Arithmetic, Weight};

use self::border::Border;
use crate::backend::int;
use crate::failure::TchResult;
use crate::tape::is_recording;
use crate::{HostFloat, LibTorch};

/// Blocks one behind the other, and whether their input is added to what they give.
pub(crate) struct Part<'a, E: HostFloat> {
    pub(crate) blocks: Vec<ConvBlock<'a, LibTorch<E>>>,
    pub(crate) plus_input: bool,
}

/// Parts one behind the other in one call, for a map and weights in single precision, where no tape is recorded and the
/// convolutions' weights are the network's own. `None` otherwise, and where this libtorch has no such convolution:
/// libtorch's own gives the same numbers but for rounding.
pub(crate) fn blocks<E: HostFloat>(parts: &[Part<'_, E>], x: &Torch) -> Option<Torch> {
    if is_recording() || !is_single_on_cpu(x) {
        return None;
    }
    let (mut shape, mut weights, mut settings) = (LibTorch::<E>::shape(x), Vec::new(), Vec::new());
    for (block, is_first, is_last) in parts.iter().flat_map(placed) {
        let geometry = block.conv.geometry(&shape).ok()?;
        let border = Border::of(&geometry)?;
        weights.push(packed(block.conv, &geometry, border)?);
        weights.extend(block.conv.bias.as_ref().map(tensor));
        for weight in block.affine.iter().flat_map(|affine| [&affine.scale, &affine.shift]) {
            weights.push(tensor(weight).f_view([1, -1, 1, 1]).ok()?);
        }
        let activation = match block.activation {
            None => 0,
            Some(Activation::Relu) => 1,
            Some(Activation::Relu6) => 2,
            Some(_) => return None,
        };
        let pairs = [geometry.stride, geometry.dilation];
        settings.extend(border.padding.into_iter().chain(pairs.into_iter().flatten().map(int)));
        let flags = [block.conv.bias.is_some(), block.affine.is_some()].map(i64::from);
        settings.extend([int(geometry.groups), flags[0], flags[1], activation, i64::from(border.is_wider)]);
        settings.extend(border.skipped.into_iter().chain(geometry.output).map(int));
        settings.extend([is_first, is_last].map(i64::from));
        shape = geometry.output_shape().to_vec();
    }
    // As a tensor: a list of numbers costs more to hand over than a small convolution.
    let settings = Torch::f_from_slice(&settings).and_then(|all| all.f_view([-1, SETTINGS])).ok()?;
    call("blocks", &[channels_last(x).ok()?.into(), weights.into(), settings.into()])
}

/// The blocks of a part, each with whether its input is kept, and whether what was kept is added behind it.
fn placed<'a, 'b, E: HostFloat>(
    part: &'b Part<'a, E>,
) -> impl Iterator<Item = (&'b ConvBlock<'a, LibTorch<E>>, bool, bool)> {
    let last = part.blocks.len().saturating_sub(1);
    part.blocks
        .iter()
        .enumerate()
        .map(move |(i, block)| (block, part.plus_input && i == 0, part.plus_input && i == last))
}

/// x · Wᵀ + b in single precision, where no tape is recorded. `None` otherwise.
pub(crate) fn linear<E: HostFloat>(op: &Linear<LibTorch<E>>, x: &Torch) -> Option<Torch> {
    let weight = tensor(&op.weight);
    if is_recording() || !is_single_on_cpu(x) || !is_single_on_cpu(&weight) {
        return None;
    }
    let bias = op.bias.as_ref().map_or(IValue::None, |bias| tensor(bias).into());
    call("linear", &[x.shallow_clone().into(), weight.into(), bias])
}

/// How many settings a block has.
const SETTINGS: i64 = 17;

/// A convolution's weights as oneDNN wants them, made at the first call and kept.
fn packed<E: HostFloat>(op: &Conv2d<LibTorch<E>>, geometry: &ConvGeometry, border: Border) -> Option<Torch> {
    let groups = int(op.groups);
    op.weight.shared().made(groups, |weight| {
        if !is_single_on_cpu(weight) {
            return None;
        }
        let pairs = [border.padding, op.stride.map(int), op.dilation.map(int)];
        let [padding, stride, dilation] = pairs.map(|pair| IValue::from(pair.to_vec()));
        let size = geometry.input_shape().map(int).to_vec();
        call("pack", &[weight.shallow_clone().into(), padding, stride, dilation, groups.into(), size.into()])
    })
}

fn tensor<E: HostFloat>(weight: &Weight<LibTorch<E>>) -> Torch {
    weight.tensor().into_inner()
}

fn is_single_on_cpu(t: &Torch) -> bool {
    t.device() == Device::Cpu && t.f_kind().is_ok_and(|kind| kind == Kind::Float)
}

/// (N, C, H, W) with the channels of a point beside each other; the map itself, if it lies so.
fn channels_last(x: &Torch) -> TchResult {
    let (size, stride) = (x.size(), x.stride());
    match size[..] {
        [_, c, h, w] if stride != [h * w * c, 1, w * c, c] => {
            x.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])
        }
        _ => Ok(x.shallow_clone()),
    }
}

/// A method of the script.
fn call(method: &str, given: &[IValue]) -> Option<Torch> {
    static SCRIPT: OnceLock<Option<CModule>> = OnceLock::new();
    let script = SCRIPT.get_or_init(|| CModule::load_data(&mut &include_bytes!("script.pt")[..]).ok());
    match tch::no_grad(|| script.as_ref()?.method_is(method, given).ok())? {
        IValue::Tensor(y) => Some(y),
        _ => None,
    }
}
