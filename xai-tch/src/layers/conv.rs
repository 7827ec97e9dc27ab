//! tch's convolutions.

use tch::Tensor as Torch;
use tch::nn::{self, Module};
use xai_core::nn::{Conv2d, ConvTranspose2d};
use xai_core::{Layer, Opaque, Result};

use super::settings::Settings;
use super::{Value, opaque, weight};
use crate::{HostFloat, LibTorch, Placement};

impl<E: HostFloat> Layer<LibTorch<E>> for nn::Conv2D {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        match conv2d(self) {
            Some(conv) => Ok(x.op(conv)),
            None => Ok(x.opaque(affine(self, &self.ws))),
        }
    }
}

/// The layer as an operation, where zeros are around the image.
fn conv2d<E: HostFloat>(layer: &nn::Conv2D) -> Option<Conv2d<LibTorch<E>>> {
    let settings = Settings::of(layer)?;
    let zeros = settings.is("padding_mode", "Zeros");
    Some(Conv2d {
        weight: weight(&layer.ws),
        bias: layer.bs.as_ref().map(weight),
        stride: settings.lengths("stride")?,
        padding: settings.lengths::<2>("padding").filter(|_| zeros)?.into(),
        dilation: settings.lengths("dilation")?,
        groups: settings.number("groups")?,
    })
}

impl<E: HostFloat> Layer<LibTorch<E>> for nn::Conv1D {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        let lengths = x.shape().ok().and_then(|shape| <[usize; 3]>::try_from(shape).ok());
        let (Some([batch, channels, length]), Some(conv)) = (lengths, conv1d(self)) else {
            return Ok(x.opaque(affine(self, &self.ws)));
        };
        let y = x.reshape(&[batch, channels, 1, length]).op(conv);
        let mut shape = y.shape()?;
        shape.remove(2);
        Ok(y.reshape(&shape))
    }
}

/// The layer as a convolution of images of one row, which is how libtorch computes it too.
fn conv1d<E: HostFloat>(layer: &nn::Conv1D) -> Option<Conv2d<LibTorch<E>>> {
    let settings = Settings::of(layer)?;
    let zeros = settings.is("padding_mode", "Zeros");
    let in_row = |field| settings.lengths::<1>(field).map(|[along]| [1, along]);
    let [padding] = settings.lengths("padding").filter(|_| zeros)?;
    Some(Conv2d {
        weight: weight(&layer.ws.f_detach().and_then(|ws| ws.f_unsqueeze(2)).ok()?),
        bias: layer.bs.as_ref().map(weight),
        stride: in_row("stride")?,
        padding: [0, padding].into(),
        dilation: in_row("dilation")?,
        groups: settings.number("groups")?,
    })
}

impl<E: HostFloat> Layer<LibTorch<E>> for nn::ConvTranspose2D {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        match conv_transpose2d(self) {
            Some(conv) => Ok(x.op(conv)),
            None => Ok(x.opaque(affine(self, &self.ws))),
        }
    }
}

/// The layer as an operation.
fn conv_transpose2d<E: HostFloat>(layer: &nn::ConvTranspose2D) -> Option<ConvTranspose2d<LibTorch<E>>> {
    let settings = Settings::of(layer)?;
    Some(ConvTranspose2d {
        weight: weight(&layer.ws),
        bias: layer.bs.as_ref().map(weight),
        stride: settings.lengths("stride")?,
        padding: settings.lengths::<2>("padding")?.into(),
        output_padding: settings.lengths("output_padding")?,
        dilation: settings.lengths("dilation")?,
        groups: settings.number("groups")?,
    })
}

/// A layer that is affine in its input, with a tensor of its own that tells where it lives.
fn affine<'m, E: HostFloat, L: Module>(layer: &'m L, weight: &Torch) -> Opaque<'m, LibTorch<E>> {
    opaque(|x| layer.forward(x)).affine().placed(Some(Placement::of(weight)))
}

macro_rules! opaque_layers {
    ($($layer:ty),*) => {$(
        impl<E: HostFloat> Layer<LibTorch<E>> for $layer {
            fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
                Ok(x.opaque(affine(self, &self.ws)))
            }
        }
    )*};
}

opaque_layers!(nn::Conv3D, nn::ConvTranspose1D, nn::ConvTranspose3D);
