//! A run cut into steps: layers by themselves, and neighbours that are computed together.

use xai_core::nn::{Activation, ChannelAffine, Conv2d, Op};
use xai_core::{Error, Link, Result, Tensor};

use super::fused::Fused;
use crate::{HostFloat, LibTorch};

/// What is computed at a time.
pub(super) enum Step<'r, 'p, E: HostFloat> {
    /// A layer by itself.
    Layer(&'r Link<'p, LibTorch<E>>),
    /// A convolution or a linear layer, with the norm and the activation that follow it.
    Fused(Fused<E>, &'r [Link<'p, LibTorch<E>>]),
}

impl<E: HostFloat> Step<'_, '_, E> {
    pub(super) fn forward(&self, x: &Tensor<LibTorch<E>>) -> Result<Tensor<LibTorch<E>>> {
        match self {
            Step::Layer(link) => link.forward(x),
            Step::Fused(fused, links) => fused.forward(x).map_err(|(place, error)| blame(links, place, error)),
        }
    }

    /// An error, as one that happened here.
    pub(super) fn blame(&self, error: Error) -> Error {
        match self {
            Step::Layer(link) => link.blame(error),
            Step::Fused(_, links) => blame(links, 0, error),
        }
    }
}

fn blame<E: HostFloat>(links: &[Link<'_, LibTorch<E>>], place: usize, error: Error) -> Error {
    match links.get(place) {
        Some(link) => link.blame(error),
        None => error,
    }
}

/// The steps of a run.
pub(super) fn of<'r, 'p, E: HostFloat>(run: &'r [Link<'p, LibTorch<E>>]) -> Vec<Step<'r, 'p, E>> {
    let mut steps = Vec::with_capacity(run.len());
    let mut rest = run;
    while let Some((first, later)) = rest.split_first() {
        let Some(conv) = convolution(first) else {
            steps.push(Step::Layer(first));
            rest = later;
            continue;
        };
        let affine = later.first().and_then(channel_affine);
        let behind = &later[usize::from(affine.is_some())..];
        let activation = behind.first().and_then(activation_in_place);
        let taken = 1 + usize::from(affine.is_some()) + usize::from(activation.is_some());
        let (together, others) = rest.split_at(taken);
        steps.push(Step::Fused(Fused { conv, affine, activation }, together));
        rest = others;
    }
    steps
}

fn convolution<E: HostFloat>(link: &Link<'_, LibTorch<E>>) -> Option<Conv2d<LibTorch<E>>> {
    let mut found = None;
    link.layer().as_op(&mut |op| {
        if let Op::Conv2d(conv) = op {
            found = Some(conv.clone());
        }
    });
    found
}

fn channel_affine<E: HostFloat>(link: &Link<'_, LibTorch<E>>) -> Option<ChannelAffine<LibTorch<E>>> {
    let mut found = None;
    link.layer().as_op(&mut |op| {
        if let Op::ChannelAffine(affine) = op {
            found = Some(affine.clone());
        }
    });
    found
}

/// An activation whose derivative is told by its output, so that it may overwrite its input.
fn activation_in_place<E: HostFloat>(link: &Link<'_, LibTorch<E>>) -> Option<Activation> {
    let mut found = None;
    link.layer().as_op(&mut |op| {
        if let Op::Activation(activation @ (Activation::Relu | Activation::Relu6)) = op {
            found = Some(*activation);
        }
    });
    found
}
