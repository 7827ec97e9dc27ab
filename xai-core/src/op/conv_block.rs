//! A convolution with what follows it.

use super::{Activation, ChannelAffine, Conv2d, Op};
use crate::Arithmetic;

/// y = activation(scale · conv(x) + shift): a convolution with the channel affine and the activation that follow it,
/// for a backend that computes them together ([`Backend::fuses`](crate::Backend::fuses)).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array1, Array4};
/// use xai::nn::{Activation, ChannelAffine, Conv2d, ConvBlock};
/// use xai::{NdArray, Op, Tensor};
///
/// let ones = |channels: usize| Tensor::<NdArray>::upload(Array1::ones(channels).view().into_dyn(), &());
/// let weight = Tensor::upload(Array4::ones((2, 3, 1, 1)).view().into_dyn(), &())?;
/// let conv: Op<NdArray> = Conv2d::new(weight, None)?.into();
/// let norm: Op<NdArray> = ChannelAffine::new(ones(2)?, ones(2)?)?.into();
/// let relu: Op<NdArray> = Activation::Relu.into();
/// let ops = [&conv, &norm, &relu, &relu];
/// assert_eq!(ConvBlock::at_start(&ops, |_| true).map(|block| block.ops()), Some(3));
/// assert_eq!(ConvBlock::at_start(&ops, |f| f != Activation::Relu).map(|block| block.ops()), Some(2));
/// assert!(ConvBlock::at_start(&ops[1..], |_| true).is_none());
/// let blocks = ConvBlock::all_at_start(&[&conv, &norm, &conv, &relu, &relu], |_| true);
/// assert_eq!(blocks.iter().map(|block| block.ops()).collect::<Vec<_>>(), [2, 2]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ConvBlock<'a, B: Arithmetic> {
    /// The convolution.
    pub conv: &'a Conv2d<B>,
    /// The scale and the shift behind it.
    pub affine: Option<&'a ChannelAffine<B>>,
    /// The activation behind that.
    pub activation: Option<Activation>,
}

impl<'a, B: Arithmetic> ConvBlock<'a, B> {
    /// The block that operations begin with, if the first is a convolution. Activations that `takes` refuses stay
    /// outside.
    pub fn at_start(ops: &[&'a Op<B>], takes: impl Fn(Activation) -> bool) -> Option<Self> {
        let (Op::Conv2d(conv), rest) = ops.split_first()? else { return None };
        let (affine, rest) = match rest.split_first() {
            Some((Op::ChannelAffine(affine), rest)) => (Some(affine), rest),
            _ => (None, rest),
        };
        let activation = rest.first().and_then(|op| op.as_activation()).filter(|&f| takes(f));
        Some(ConvBlock { conv, affine, activation })
    }

    /// The blocks, one behind the other, that operations begin with.
    pub fn all_at_start(mut ops: &[&'a Op<B>], takes: impl Fn(Activation) -> bool) -> Vec<Self> {
        let mut found = Vec::new();
        while let Some(block) = ConvBlock::at_start(ops, &takes) {
            ops = &ops[block.ops()..];
            found.push(block);
        }
        found
    }

    /// How many operations it is.
    pub fn ops(&self) -> usize {
        1 + usize::from(self.affine.is_some()) + usize::from(self.activation.is_some())
    }
}
