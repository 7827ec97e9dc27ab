//! Convolutions on the CPU whose weights lie as oneDNN wants them, beside maps with their channels last.
//!
//! libtorch's own convolution brings both into oneDNN's order and the map back, at every layer and pass: more time
//! than many a layer's product takes. What computes with weights in that order stands in libtorch, for the code that
//! PyTorch's compiler writes, and is reached through a script alone: `conv.pt`, which `conv.py` has written.

use std::sync::OnceLock;

use tch::{CModule, Device, IValue, Kind, Tensor as Torch};
use xai_core::nn::Conv2d;

use crate::backend::int;
use crate::failure::TchResult;
use crate::tape::is_recording;
use crate::{HostFloat, LibTorch};

/// y = w ∗ x + b for a map and weights in single precision, where no tape is recorded and the weights are the
/// network's own. `None` otherwise, and where this libtorch has no such convolution: libtorch's own gives the same
/// numbers but for rounding.
pub(crate) fn conv2d<E: HostFloat>(op: &Conv2d<LibTorch<E>>, x: &Torch, padding: [i64; 2]) -> Option<Torch> {
    if is_recording() || !is_single_on_cpu(x) {
        return None;
    }
    let geometry = || [padding, op.stride.map(int), op.dilation.map(int)].map(|pair| IValue::from(pair.to_vec()));
    let groups = int(op.groups);
    let packed = op.weight.shared().made(groups, |weight| {
        if !is_single_on_cpu(weight) {
            return None;
        }
        let [padding, stride, dilation] = geometry();
        let given = [weight.shallow_clone().into(), padding, stride, dilation, groups.into(), x.size().into()];
        call("pack", &given)
    })?;
    let [padding, stride, dilation] = geometry();
    let bias = op.bias.as_ref().map_or(IValue::None, |bias| bias.tensor().into_inner().into());
    let x = channels_last(x).ok()?;
    call("conv", &[x.into(), packed.into(), bias, padding, stride, dilation, groups.into()])
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
    let script = SCRIPT.get_or_init(|| CModule::load_data(&mut &include_bytes!("conv.pt")[..]).ok());
    match tch::no_grad(|| script.as_ref()?.method_is(method, given).ok())? {
        IValue::Tensor(y) => Some(y),
        _ => None,
    }
}
