//! A convolution with the norm and the activation that follow it.

use tch::{TchError, Tensor as Torch};
use xai_core::nn::{Activation, ChannelAffine, Conv2d};
use xai_core::{Error, Result, Tensor};

use crate::backend::untaped;
use crate::{HostFloat, LibTorch, nn};

/// act(scale · conv(x) + shift), without a pass over the map where that can be saved.
///
/// The scale goes into the weight where that has fewer numbers than the map, which is exact up to rounding. The
/// activation overwrites the map: nothing that libtorch holds for the way back needs what was there.
pub(super) struct Fused<E: HostFloat> {
    pub(super) conv: Conv2d<LibTorch<E>>,
    pub(super) affine: Option<ChannelAffine<LibTorch<E>>>,
    pub(super) activation: Option<Activation>,
}

type X<E> = Tensor<LibTorch<E>>;

impl<E: HostFloat> Fused<E> {
    /// The output; or which of the layers failed, and how.
    pub(super) fn forward(&self, x: &X<E>) -> std::result::Result<X<E>, (usize, Error)> {
        let in_conv = |error| (0, error);
        let output = self.conv.output_shape(&x.shape()).map_err(in_conv)?;
        let border = self.conv.geometry(&x.shape()).map_err(in_conv)?.padding;
        let Some(affine) = &self.affine else {
            let y = untaped(|| nn::conv2d(&self.conv, border, x.inner())).map_err(in_conv)?;
            return self.activate(y, 1);
        };
        let in_affine = |error| (1, error);
        affine.output_shape(&output).map_err(in_affine)?;
        let folded = self.fold(affine, &output).map_err(in_affine)?;
        let y = match &folded {
            Some(conv) => untaped(|| nn::conv2d(conv, border, x.inner())).map_err(in_conv)?,
            None => {
                let y = untaped(|| nn::conv2d(&self.conv, border, x.inner())).map_err(in_conv)?;
                untaped(|| nn::channel_affine(affine, &y)).map_err(in_affine)?
            }
        };
        self.activate(y, 2)
    }

    /// The convolution with scaled weights, if they are fewer than the numbers of the map, and of one type.
    fn fold(&self, affine: &ChannelAffine<LibTorch<E>>, output: &[usize]) -> Result<Option<Conv2d<LibTorch<E>>>> {
        let weight = &self.conv.weight;
        let count = |shape: &[usize]| shape.iter().product::<usize>();
        let kind = weight.placement().kind;
        let kinds = [&affine.scale, &affine.shift].into_iter().chain(&self.conv.bias).map(|t| t.placement().kind);
        if count(&weight.shape()) > count(output) || kinds.into_iter().any(|other| other != kind) {
            return Ok(None);
        }
        tch::no_grad(|| {
            let scale = affine.scale.reshape(&[affine.scale.shape().iter().product(), 1, 1, 1])?;
            let shift = match &self.conv.bias {
                Some(bias) => bias.mul(&affine.scale)?.add(&affine.shift)?,
                None => affine.shift.clone(),
            };
            let weight = weight.mul(&scale)?;
            Ok(Some(Conv2d { weight, bias: Some(shift), ..self.conv.clone() }))
        })
    }

    fn activate(&self, y: Torch, place: usize) -> std::result::Result<X<E>, (usize, Error)> {
        let overwrite = |mut y: Torch| -> std::result::Result<Torch, TchError> {
            match self.activation {
                Some(Activation::Relu) => y.f_relu_(),
                Some(Activation::Relu6) => y.f_relu6_(),
                _ => Ok(y),
            }
        };
        untaped(|| overwrite(y)).map(Tensor::new).map_err(|error| (place, error))
    }
}
