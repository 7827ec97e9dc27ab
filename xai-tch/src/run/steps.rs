//! A run cut into steps: layers by themselves, and neighbours that are computed together.

use xai_core::nn::{Activation, ConvBlock};
use xai_core::{Error, Link, Result, Tensor};

use super::fused;
use crate::{HostFloat, LibTorch};

/// What is computed at a time.
pub(super) enum Step<'r, 'p, E: HostFloat> {
    /// A layer by itself.
    Layer(&'r Link<'p, LibTorch<E>>),
    /// A convolution with the norm and the activation that follow it.
    Fused(ConvBlock<LibTorch<E>>, &'r [Link<'p, LibTorch<E>>]),
}

impl<E: HostFloat> Step<'_, '_, E> {
    pub(super) fn forward(&self, x: &Tensor<LibTorch<E>>) -> Result<Tensor<LibTorch<E>>> {
        match self {
            Step::Layer(link) => link.forward(x),
            Step::Fused(block, links) => fused::forward(block, x).map_err(|(place, error)| blame(links, place, error)),
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
        match ConvBlock::first_of(rest, is_told_by_its_output) {
            Some(block) => {
                let (together, others) = rest.split_at(block.layers());
                steps.push(Step::Fused(block, together));
                rest = others;
            }
            None => {
                steps.push(Step::Layer(first));
                rest = later;
            }
        }
    }
    steps
}

/// An activation whose derivative is told by its output, so that it may overwrite its input.
fn is_told_by_its_output(f: Activation) -> bool {
    matches!(f, Activation::Relu | Activation::Relu6)
}
