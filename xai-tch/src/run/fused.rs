//! A convolution with the norm and the activation that follow it.

use tch::{TchError, Tensor as Torch};
use xai_core::nn::{Activation, ChannelAffine, Conv2d};
use xai_core::{Error, Tensor};

use crate::backend::untaped;
use crate::{HostFloat, LibTorch, nn};

/// act(scale · conv(x) + shift), where the activation overwrites the map: nothing that libtorch holds for the way back
/// needs what was there.
///
/// The scale does not go into the weight, though that would save a pass: it rounds otherwise, and behind the kinks of a
/// deep network the gradient in single precision is then another one than PyTorch's, by some thousandths.
pub(super) struct Fused<E: HostFloat> {
    pub(super) conv: Conv2d<LibTorch<E>>,
    pub(super) affine: Option<ChannelAffine<LibTorch<E>>>,
    pub(super) activation: Option<Activation>,
}

type X<E> = Tensor<LibTorch<E>>;

impl<E: HostFloat> Fused<E> {
    /// The output; or which of the layers failed, and how.
    pub(super) fn forward(&self, x: &X<E>) -> Result<X<E>, (usize, Error)> {
        let in_conv = |error| (0, error);
        let output = self.conv.output_shape(&x.shape()).map_err(in_conv)?;
        let border = self.conv.geometry(&x.shape()).map_err(in_conv)?.padding;
        let y = untaped(|| nn::conv2d(&self.conv, border, x.inner())).map_err(in_conv)?;
        let Some(affine) = &self.affine else { return self.activate(y, 1) };
        let in_affine = |error| (1, error);
        affine.output_shape(&output).map_err(in_affine)?;
        let y = untaped(|| nn::channel_affine(affine, &y)).map_err(in_affine)?;
        self.activate(y, 2)
    }

    fn activate(&self, y: Torch, place: usize) -> Result<X<E>, (usize, Error)> {
        let overwrite = |mut y: Torch| -> Result<Torch, TchError> {
            match self.activation {
                Some(Activation::Relu) => y.f_relu_(),
                Some(Activation::Relu6) => y.f_relu6_(),
                _ => Ok(y),
            }
        };
        untaped(|| overwrite(y)).map(Tensor::new).map_err(|error| (place, error))
    }
}
