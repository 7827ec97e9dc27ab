//! tch's convolutions.

use tch::Tensor as Torch;
use tch::nn::{self, Module};
use xai_core::nn::{Conv2d, Conv3d, ConvTranspose2d};
use xai_core::{Layer, Op, Opaque, Result, Tensor, Weight};

use super::settings::Settings;
use super::{Value, kept, opaque, weight};
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
        match conv1d(self) {
            Some(conv) if is_row(&x) => in_one_row(&x, conv),
            _ => Ok(x.opaque(affine(self, &self.ws))),
        }
    }
}

/// Whether it is known to be (batch, channels, length).
fn is_row<E: HostFloat>(x: &Value<'_, E>) -> bool {
    x.shape().is_ok_and(|shape| shape.len() == 3)
}

/// A sequence (batch, channels, length) through an operation on images, as an image of one row.
fn in_one_row<'m, E: HostFloat>(x: &Value<'m, E>, op: impl Into<Op<LibTorch<E>>>) -> Result<Value<'m, E>> {
    let mut shape = x.shape()?;
    shape.insert(2, 1);
    let y = x.reshape(&shape).op(op);
    let mut shape = y.shape()?;
    shape.remove(2);
    Ok(y.reshape(&shape))
}

/// The weights of a layer for sequences, for images of one row.
fn rows<E: HostFloat>(ws: &Torch) -> Option<Weight<LibTorch<E>>> {
    Some(weight(&kept(ws).and_then(|ws| ws.f_unsqueeze(2)).ok()?))
}

/// The layer as a convolution of images of one row, which is how libtorch computes it too.
fn conv1d<E: HostFloat>(layer: &nn::Conv1D) -> Option<Conv2d<LibTorch<E>>> {
    let settings = Settings::of(layer)?;
    let zeros = settings.is("padding_mode", "Zeros");
    let in_row = |field| settings.lengths::<1>(field).map(|[along]| [1, along]);
    let [padding] = settings.lengths("padding").filter(|_| zeros)?;
    Some(Conv2d {
        weight: rows(&layer.ws)?,
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

impl<E: HostFloat> Layer<LibTorch<E>> for nn::Conv3D {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        match conv3d(self).filter(|_| x.shape().is_ok()) {
            Some(conv) => conv.on(&x),
            None => Ok(x.opaque(affine(self, &self.ws))),
        }
    }
}

/// The layer as one of the core's, which is convolutions of images.
fn conv3d<E: HostFloat>(layer: &nn::Conv3D) -> Option<Conv3d<LibTorch<E>>> {
    let settings = Settings::of(layer)?;
    let zeros = settings.is("padding_mode", "Zeros");
    let [weight, bias] = [Some(&layer.ws), layer.bs.as_ref()].map(|t| t.map(|t| Tensor::new(t.shallow_clone())));
    let conv = Conv3d::new(weight?, bias).ok()?;
    let conv = conv.stride(settings.lengths::<3>("stride")?).dilation(settings.lengths::<3>("dilation")?);
    let padding = settings.lengths::<3>("padding").filter(|_| zeros)?;
    Some(conv.padding(padding).groups(settings.number("groups")?))
}

impl<E: HostFloat> Layer<LibTorch<E>> for nn::ConvTranspose1D {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        match conv_transpose1d(self) {
            Some(conv) if is_row(&x) => in_one_row(&x, conv),
            _ => Ok(x.opaque(affine(self, &self.ws))),
        }
    }
}

/// The layer as a transposed convolution of images of one row.
fn conv_transpose1d<E: HostFloat>(layer: &nn::ConvTranspose1D) -> Option<ConvTranspose2d<LibTorch<E>>> {
    let settings = Settings::of(layer)?;
    let in_row = |field, across| settings.lengths::<1>(field).map(|[along]| [across, along]);
    Some(ConvTranspose2d {
        weight: rows(&layer.ws)?,
        bias: layer.bs.as_ref().map(weight),
        stride: in_row("stride", 1)?,
        padding: in_row("padding", 0)?.into(),
        output_padding: in_row("output_padding", 0)?,
        dilation: in_row("dilation", 1)?,
        groups: settings.number("groups")?,
    })
}

/// ConvTranspose3d is no operation of the vocabulary.
impl<E: HostFloat> Layer<LibTorch<E>> for nn::ConvTranspose3D {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        Ok(x.opaque(affine(self, &self.ws)))
    }
}
