//! A convolution with what follows it.

use super::{Activation, ChannelAffine, Conv2d, Op};
use crate::{Backend, Link};

/// y = activation(scale · conv(x) + shift): a convolution with the channel affine and the activation that follow it in a
/// run of layers, for a backend that computes them together ([`Backend::vjp_run`]).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConvBlock<B: Backend> {
    /// The convolution.
    pub conv: Conv2d<B>,
    /// The scale and the shift behind it.
    pub affine: Option<ChannelAffine<B>>,
    /// The activation behind that.
    pub activation: Option<Activation>,
}

impl<B: Backend> ConvBlock<B> {
    /// The block that a run begins with, if that is a convolution. Activations that `takes` refuses stay outside.
    pub fn first_of(run: &[Link<'_, B>], takes: impl Fn(Activation) -> bool) -> Option<Self> {
        let (first, rest) = run.split_first()?;
        let mut conv = None;
        first.layer().as_op(&mut |op| {
            if let Op::Conv2d(found) = op {
                conv = Some(found.clone());
            }
        });
        let mut block = ConvBlock { conv: conv?, affine: None, activation: None };
        let Some((second, rest)) = rest.split_first() else { return Some(block) };
        second.layer().as_op(&mut |op| {
            if let Op::ChannelAffine(found) = op {
                block.affine = Some(found.clone());
            }
        });
        let behind = if block.affine.is_some() { rest.first() } else { Some(second) };
        if let Some(behind) = behind {
            behind.layer().as_op(&mut |op| block.activation = op.as_activation().filter(|&f| takes(f)));
        }
        Some(block)
    }

    /// How many layers of the run it is.
    pub fn layers(&self) -> usize {
        1 + usize::from(self.affine.is_some()) + usize::from(self.activation.is_some())
    }
}
