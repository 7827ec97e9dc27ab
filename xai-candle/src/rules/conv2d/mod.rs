//! Convolution and its gradient to the input, which is the transposed convolution.

mod tensor_ops;

use candle_core::{Error, Result, Tensor};
use xai_core::nn::{self, Conv2d, ConvTranspose2d};

use super::{ExecutionPath, Pull, Ruled};
use crate::host::{Numbers, with_number_type};
use crate::kernels::conv2d as kernels;
use crate::kernels::conv2d::{ConvGeometry, Finish, Source};
use crate::weights::{beside, beside_if_any};
use crate::{Candle, Host};

/// y = conv(x): the pullback is the transposed convolution with the same weight.
pub(super) fn conv2d<E: Host>(way: ExecutionPath, op: &Conv2d<Candle<E>>, x: &Tensor) -> Ruled {
    let (y, conv) = convolved(way, op, x)?;
    let pull: Pull = Box::new(move |v| conv.input_vjp(v, None));
    Ok((y, pull))
}

/// y = conv(x), and the convolution, by which it goes back.
pub(crate) fn convolved<E: Host>(
    way: ExecutionPath,
    op: &Conv2d<Candle<E>>,
    x: &Tensor,
) -> Result<(Tensor, Convolution)> {
    let geometry = geometry(op.geometry(x.dims()).map_err(Error::wrap)?);
    let conv = Convolution { way, geometry, weight: beside(&op.weight, x)? };
    let y = conv.forward(x, beside_if_any(op.bias.as_ref(), x)?.as_ref())?;
    Ok((y, conv))
}

/// Convolution backwards, so that the pullback is convolution.
pub(super) fn conv_transpose2d<E: Host>(way: ExecutionPath, op: &ConvTranspose2d<Candle<E>>, x: &Tensor) -> Ruled {
    let geometry = geometry(op.geometry(x.dims()).map_err(Error::wrap)?);
    let conv = Convolution { way, geometry, weight: beside(&op.weight, x)? };
    let mut y = conv.input_vjp(x, None)?;
    if let Some(bias) = beside_if_any(op.bias.as_ref(), x)? {
        y = y.broadcast_add(&bias.reshape((1, geometry.in_channels, 1, 1))?)?;
    }
    let pull: Pull = Box::new(move |v| conv.forward(v, None));
    Ok((y, pull))
}

/// The lengths of a convolution, as the kernels take them.
pub(crate) fn geometry(g: nn::ConvGeometry) -> ConvGeometry {
    ConvGeometry {
        batch: g.batch,
        in_channels: g.in_channels,
        out_channels: g.out_channels,
        groups: g.groups,
        input: g.input,
        kernel: g.kernel,
        output: g.output,
        stride: g.stride,
        dilation: g.dilation,
        pad_before: [g.padding.top, g.padding.left],
    }
}

/// A convolution of known sizes, with a contiguous weight (out, in / groups, rows, columns).
pub(crate) struct Convolution {
    way: ExecutionPath,
    geometry: ConvGeometry,
    weight: Tensor,
}

impl Convolution {
    /// Input (batch, in channels, rows, columns) to output.
    fn forward(&self, x: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        match self.way {
            ExecutionPath::TensorOps => tensor_ops::forward(x, &self.weight, bias, &self.geometry),
            ExecutionPath::Kernels => {
                let x = x.contiguous()?;
                let (x_numbers, weight) = (Numbers::of(&x)?, Numbers::of(&self.weight)?);
                let bias = bias.map(Numbers::of).transpose()?;
                let g = &self.geometry;
                with_number_type!(x.dtype(), T => {
                    let bias = bias.as_ref().map(Numbers::slice::<T>).transpose()?;
                    let y = kernels::forward(x_numbers.slice::<T>()?, weight.slice::<T>()?, bias, g);
                    let shape = (g.batch, g.out_channels, g.output[0], g.output[1]);
                    Tensor::from_vec(y.map_err(Error::wrap)?, shape, x.device())
                })
            }
        }
    }

    /// Cotangent of the output, times a number for each of its channels if there are any, to cotangent of the input:
    /// also the forward pass of a transposed convolution.
    pub(crate) fn input_vjp(&self, dy: &Tensor, scale: Option<&Tensor>) -> Result<Tensor> {
        let g = &self.geometry;
        match self.way {
            ExecutionPath::TensorOps => {
                let scaled = scale.map(|scale| dy.broadcast_mul(&scale.reshape((1, g.out_channels, 1, 1))?));
                tensor_ops::input_vjp(scaled.transpose()?.as_ref().unwrap_or(dy), &self.weight, g)
            }
            ExecutionPath::Kernels => {
                let dy = dy.contiguous()?;
                let (dy_numbers, weight) = (Numbers::of(&dy)?, Numbers::of(&self.weight)?);
                let scale = scale.map(Numbers::of).transpose()?;
                with_number_type!(dy.dtype(), T => {
                    let scale = scale.as_ref().map(Numbers::slice::<T>).transpose()?;
                    let source = Source { values: dy_numbers.slice::<T>()?, scale, mask: None };
                    let finish = Finish::default();
                    let dx = kernels::input_vjp_into(source, weight.slice::<T>()?, finish, g, Vec::new());
                    let shape = (g.batch, g.in_channels, g.input[0], g.input[1]);
                    Tensor::from_vec(dx.map_err(Error::wrap)?, shape, dy.device())
                })
            }
        }
    }
}
