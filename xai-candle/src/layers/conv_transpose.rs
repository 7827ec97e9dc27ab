//! `candle_nn::ConvTranspose2d` and `ConvTranspose1d`: convolution backwards, so that the pullback is convolution.

use candle_core::Tensor;
use xai_core::{Error, Result};

use super::OwnGradient;
use super::conv::of_one_row;
use crate::backend::failed;
use crate::kernels::conv2d::ConvGeometry;
use crate::rules::{Convolution, Pull, Way, in_number_type};

impl OwnGradient for candle_nn::ConvTranspose2d {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        let config = self.config();
        let shape = Transposed {
            stride: [config.stride; 2],
            dilation: [config.dilation; 2],
            padding: [config.padding; 2],
            output_padding: [config.output_padding; 2],
            groups: 1,
        };
        shape.rule(x, self.weight(), self.bias())
    }

    fn weight(&self) -> Option<&Tensor> {
        Some(self.weight())
    }

    fn is_affine(&self) -> bool {
        true
    }
}

impl OwnGradient for candle_nn::ConvTranspose1d {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        let config = self.config();
        let shape = Transposed {
            stride: [1, config.stride],
            dilation: [1, config.dilation],
            padding: [0, config.padding],
            output_padding: [0, config.output_padding],
            groups: config.groups,
        };
        let weight = self.weight().detach().unsqueeze(2).map_err(failed)?;
        of_one_row(x, |x| shape.rule(x, &weight, self.bias()))
    }

    fn weight(&self) -> Option<&Tensor> {
        Some(self.weight())
    }

    fn is_affine(&self) -> bool {
        true
    }
}

struct Transposed {
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [usize; 2],
    output_padding: [usize; 2],
    groups: usize,
}

impl Transposed {
    fn rule(&self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<(Tensor, Pull)> {
        let geometry = self.geometry(x.dims(), weight.dims())?;
        if let Some(bias) = bias {
            Error::check_shape("bias", &[geometry.in_channels], bias.dims())?;
        }
        in_number_type(x, true, |x| {
            let weight = weight.detach().to_dtype(x.dtype())?.contiguous()?;
            let conv = Convolution { way: Way::on(x.device()), geometry, weight };
            let mut y = conv.input_vjp(x)?;
            if let Some(bias) = bias {
                let bias = bias.detach().to_dtype(x.dtype())?;
                y = y.broadcast_add(&bias.reshape((1, geometry.in_channels, 1, 1))?)?;
            }
            let pull: Pull = Box::new(move |v| conv.forward(v, None));
            Ok((y, pull))
        })
    }

    /// The convolution whose input is this layer's output: (H - 1)·stride + dilation·(k - 1) + 1 + output padding
    /// - 2·padding rows.
    fn geometry(&self, x: &[usize], weight: &[usize]) -> Result<ConvGeometry> {
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
