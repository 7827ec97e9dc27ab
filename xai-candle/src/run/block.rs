//! A convolution with the norm and the clamp that follow it, in one pass over the output.

use candle_core::{Error as CandleError, Tensor};
use xai_core::FusedResult;
use xai_core::nn::{Activation, ConvBlock};

use crate::error::failed;
use crate::host::Numbers;
use crate::kernels::conv2d::{ConvGeometry, Finish, Source, forward_into, input_vjp_into};
use crate::kernels::elementwise;
use crate::rules::geometry;
use crate::weights::{beside, beside_if_any};
use crate::{Candle, Host};

/// True for an activation that is a clamp: what it lets pass is told by its output.
pub(super) fn is_clamp(f: Activation) -> bool {
    bounds(f).is_some()
}

fn bounds(f: Activation) -> Option<[f64; 2]> {
    match f {
        Activation::Relu => Some([0.0, f64::INFINITY]),
        Activation::Relu6 => Some([0.0, 6.0]),
        _ => None,
    }
}

/// y = clamp(scale · conv(x) + shift), for inputs of one size and number type.
pub(super) struct Block {
    geometry: ConvGeometry,
    weight: Tensor,
    scale: Option<Tensor>,
    shift: Option<Tensor>,
    clamp: Option<[f64; 2]>,
}

impl Block {
    /// For an input of this shape, beside a tensor of the same number type; or which of the operations has what wrong.
    pub(super) fn new<E: Host>(block: &ConvBlock<'_, Candle<E>>, input: &[usize], x: &Tensor) -> FusedResult<Self> {
        let geometry = block.conv.geometry(input).map(geometry).map_err(|error| (0, error))?;
        let weights = || Ok((beside(&block.conv.weight, x)?, beside_if_any(block.conv.bias.as_ref(), x)?));
        let (weight, bias) = weights().map_err(|error| (0, failed(error)))?;
        let folded = || {
            let Some(affine) = block.affine else { return Ok((None, bias)) };
            let (scale, shift) = (beside(&affine.scale, x)?, beside(&affine.shift, x)?);
            let shift = bias.map_or(Ok(shift.clone()), |bias| (bias * &scale)? + &shift)?;
            Ok((Some(scale), Some(shift)))
        };
        let (scale, shift) = folded().map_err(|error| (1, failed(error)))?;
        Ok(Block { geometry, weight, scale, shift, clamp: block.activation.and_then(bounds) })
    }

    /// (B, K, H', W').
    pub(super) fn output(&self) -> [usize; 4] {
        let ConvGeometry { batch, out_channels, output: [rows, columns], .. } = self.geometry;
        [batch, out_channels, rows, columns]
    }

    /// (B, C, H, W).
    pub(super) fn input(&self) -> [usize; 4] {
        let ConvGeometry { batch, in_channels, input: [rows, columns], .. } = self.geometry;
        [batch, in_channels, rows, columns]
    }

    pub(super) fn forward<T: Host>(&self, x: &[T], memory: Vec<T>) -> candle_core::Result<Vec<T>> {
        let weight = Numbers::of(&self.weight)?;
        let (scale, shift) = (self.scale.as_ref().map(Numbers::of), self.shift.as_ref().map(Numbers::of));
        let (scale, shift) = (scale.transpose()?, shift.transpose()?);
        let finish = Finish {
            scale: scale.as_ref().map(Numbers::slice::<T>).transpose()?,
            shift: shift.as_ref().map(Numbers::slice::<T>).transpose()?,
            add: None,
            clamp: self.clamp.map(|ends| ends.map(T::of)),
        };
        let y = forward_into(x.into(), weight.slice::<T>()?, finish, &self.geometry, memory);
        y.map_err(CandleError::wrap)
    }

    /// Where the clamp let pass what it was given; nothing without a clamp.
    pub(super) fn passed<T: Host>(&self, y: &[T]) -> Option<Vec<bool>> {
        let [low, high] = self.clamp?.map(T::of);
        Some(match high.is_finite() {
            true => elementwise::mask(y, move |y| (y > low) & (y < high)),
            false => elementwise::mask(y, move |y| y > low),
        })
    }

    pub(super) fn pull<T: Host>(
        &self,
        v: &[T],
        passed: Option<&[bool]>,
        memory: Vec<T>,
    ) -> candle_core::Result<Vec<T>> {
        let weight = Numbers::of(&self.weight)?;
        let scale = self.scale.as_ref().map(Numbers::of).transpose()?;
        let source = Source { values: v, scale: scale.as_ref().map(Numbers::slice::<T>).transpose()?, mask: passed };
        let dx = input_vjp_into(source, weight.slice::<T>()?, Finish::default(), &self.geometry, memory);
        dx.map_err(CandleError::wrap)
    }
}
