//! A convolution with the norm and the activation that follow it.

use tch::{TchError, Tensor as Torch};
use xai_core::nn::{Activation, ConvBlock};
use xai_core::{Error, Tensor};

use crate::backend::untaped;
use crate::{HostFloat, LibTorch, nn};

type X<E> = Tensor<LibTorch<E>>;

/// act(scale · conv(x) + shift), where the activation overwrites the map: nothing that libtorch holds for the way back
/// needs what was there. The output; or which of the layers failed, and how.
///
/// The scale does not go into the weight, though that would save a pass: it rounds otherwise, and behind the kinks of a
/// deep network the gradient in single precision is then another one than PyTorch's, by some thousandths.
pub(super) fn forward<E: HostFloat>(block: &ConvBlock<LibTorch<E>>, x: &X<E>) -> Result<X<E>, (usize, Error)> {
    let in_conv = |error| (0, error);
    let output = block.conv.output_shape(&x.shape()).map_err(in_conv)?;
    let border = block.conv.geometry(&x.shape()).map_err(in_conv)?.padding;
    let y = untaped(|| nn::conv2d(&block.conv, border, x.inner())).map_err(in_conv)?;
    let Some(affine) = &block.affine else { return activate(block.activation, y, 1) };
    let in_affine = |error| (1, error);
    affine.output_shape(&output).map_err(in_affine)?;
    let y = untaped(|| nn::channel_affine(affine, &y)).map_err(in_affine)?;
    activate(block.activation, y, 2)
}

fn activate<E: HostFloat>(f: Option<Activation>, y: Torch, place: usize) -> Result<X<E>, (usize, Error)> {
    let overwrite = |mut y: Torch| -> Result<Torch, TchError> {
        match f {
            Some(Activation::Relu) => y.f_relu_(),
            Some(Activation::Relu6) => y.f_relu6_(),
            _ => Ok(y),
        }
    };
    untaped(|| overwrite(y)).map(Tensor::new).map_err(|error| (place, error))
}
