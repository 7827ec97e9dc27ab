//! `candle_nn::ConvTranspose2d` and `ConvTranspose1d`: convolution backwards, so that the pullback is convolution.

use candle_core::Tensor;
use xai_core::{Error, Result};

use super::conv::in_one_row;
use super::{OwnGradient, Rule, Value};
use crate::error::failed;
use crate::kernels::conv2d::ConvGeometry;
use crate::rules::{Convolution, Pull, Way, in_number_type};

impl OwnGradient for candle_nn::ConvTranspose2d {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        let config = self.config();
        x.by_rule(Transposed {
            weight: self.weight().detach(),
            bias: self.bias().map(Tensor::detach),
            stride: [config.stride; 2],
            dilation: [config.dilation; 2],
            padding: [config.padding; 2],
            output_padding: [config.output_padding; 2],
            groups: 1,
        })
    }
}

impl OwnGradient for candle_nn::ConvTranspose1d {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        let config = self.config();
        let rule = Transposed {
            weight: self.weight().detach().unsqueeze(2).map_err(failed)?,
            bias: self.bias().map(Tensor::detach),
            stride: [1, config.stride],
            dilation: [1, config.dilation],
            padding: [0, config.padding],
            output_padding: [0, config.output_padding],
            groups: config.groups,
        };
        in_one_row(x, |image| image.by_rule(rule))
    }
}

struct Transposed {
    weight: Tensor,
    bias: Option<Tensor>,
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [usize; 2],
    output_padding: [usize; 2],
    groups: usize,
}

impl Rule for Transposed {
    const NAME: &'static str = "ConvTranspose";
    const AFFINE: bool = true;

    fn weight(&self) -> &Tensor {
        &self.weight
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let ConvGeometry { batch, in_channels, input: [rows, columns], .. } = self.geometry(input)?;
        Ok(vec![batch, in_channels, rows, columns])
    }

    fn run(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        let geometry = self.geometry(x.dims())?;
        in_number_type(x, true, |x| {
            let weight = self.weight.to_dtype(x.dtype())?.contiguous()?;
            let conv = Convolution { way: Way::on(x.device()), geometry, weight };
            let mut y = conv.input_vjp(x)?;
            if let Some(bias) = &self.bias {
                let bias = bias.to_dtype(x.dtype())?;
                y = y.broadcast_add(&bias.reshape((1, geometry.in_channels, 1, 1))?)?;
            }
            let pull: Pull = Box::new(move |v| conv.forward(v, None));
            Ok((y, pull))
        })
    }
}

impl Transposed {
    /// The convolution whose input is this layer's output: (H - 1)·stride + dilation·(k - 1) + 1 + output padding
    /// - 2·padding rows.
    fn geometry(&self, x: &[usize]) -> Result<ConvGeometry> {
        let weight = self.weight.dims();
        let (&[batch, channels, h, w], &[inputs, per_group, kh, kw]) = (x, weight) else {
            return Err(invalid(x, format!("a transposed convolution with weight {weight:?} needs an image")));
        };
        if inputs != channels || self.groups == 0 || channels % self.groups != 0 {
            return Err(invalid(x, format!("weight {weight:?} in {} groups does not fit its channels", self.groups)));
        }
        if (0..2).any(|i| self.output_padding[i] >= self.stride[i].max(1)) {
            return Err(Error::InvalidParameter {
                name: "output_padding",
                value: format!("{:?}", self.output_padding),
                reason: format!("it must be smaller than the stride, {:?}", self.stride),
            });
        }
        let length = |i: usize, n: usize, k: usize| {
            let steps = n.checked_sub(1)?.checked_mul(self.stride[i])?;
            let reach = k.checked_sub(1)?.checked_mul(self.dilation[i])?;
            let whole = steps.checked_add(reach)?.checked_add(1 + self.output_padding[i])?;
            whole.checked_sub(self.padding[i].checked_mul(2)?).filter(|&n| n > 0 && self.stride[i] > 0)
        };
        let (Some(rows), Some(cols)) = (length(0, h, kh), length(1, w, kw)) else {
            return Err(invalid(x, format!("weight {weight:?} and padding {:?} leave no output", self.padding)));
        };
        if let Some(bias) = &self.bias {
            Error::check_shape("bias", &[per_group * self.groups], bias.dims())?;
        }
        Ok(ConvGeometry {
            batch,
            in_channels: per_group * self.groups,
            out_channels: channels,
            groups: self.groups,
            input: [rows, cols],
            kernel: [kh, kw],
            output: [h, w],
            stride: self.stride,
            dilation: self.dilation,
            pad_before: self.padding,
        })
    }
}

fn invalid(got: &[usize], reason: String) -> Error {
    Error::InvalidShape { what: "input".into(), got: got.to_vec(), reason }
}
