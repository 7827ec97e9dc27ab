//! What is taken into the weights of a layer in front.

use super::moved::{axis_behind, moves};
use crate::graph::Site;
use crate::op::Binary;
use crate::{Backend, Op};

/// The steps behind a layer that are merged into its weights or into its bias, and those between them that only move
/// its outputs.
pub(super) fn merged_into<'a, 'm, B: Backend>(layer: &Site<'a, 'm, B>) -> Vec<Site<'a, 'm, B>> {
    let (mut steps, mut merged, mut outputs) = (Vec::new(), 0, Outputs::of(layer));
    for next in std::iter::successors(layer.next(), Site::next) {
        let moved = outputs.and_then(|outputs| outputs.moved(layer, &next));
        if moved.is_some() {
            outputs = moved;
        } else if merges(layer, outputs, &next) {
            merged = steps.len() + 1;
        } else {
            break;
        }
        steps.push(next);
    }
    steps.truncate(merged);
    steps
}

/// The axis of a layer's outputs, among those of its values.
#[derive(Clone, Copy)]
struct Outputs<'a> {
    axis: usize,
    shape: &'a [usize],
}

impl<'a> Outputs<'a> {
    /// Unless the shape comes from code that nobody can look into.
    fn of<B: Backend>(layer: &Site<'a, '_, B>) -> Option<Self> {
        let shape = layer.node().shape()?;
        let axis = match layer.op()? {
            Op::Conv2d(_) | Op::ConvTranspose2d(_) => 1,
            Op::Linear(_) => shape.len().checked_sub(1)?,
            Op::MatMul(_) if layer.wanted() == [true, false] => shape.len().checked_sub(1)?,
            Op::MatMul(_) if layer.wanted() == [false, true] => shape.len().checked_sub(2)?,
            _ => return None,
        };
        Some(Outputs { axis, shape })
    }

    /// Where they are behind a step that only moves those of a convolution, as those of sequences and volumes are
    /// moved, or of a linear layer, as those of points.
    fn moved<B: Backend>(self, layer: &Site<'_, '_, B>, step: &Site<'a, '_, B>) -> Option<Self> {
        let of_weights = matches!(layer.op(), Some(Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::Linear(_)));
        let axis = if of_weights && moves(step) { axis_behind(step, self.axis)? } else { return None };
        Some(Outputs { axis, shape: step.node().shape()? })
    }

    /// Whether the axis of channels is theirs: of one output, any axis of one number is.
    fn are_channels(self) -> bool {
        self.axis == 1 || self.shape.get(self.axis) == Some(&1) && self.shape.get(1) == Some(&1)
    }
}

/// Whether a step is merged into the weights of a layer in front, or into its bias.
fn merges<B: Backend>(layer: &Site<'_, '_, B>, outputs: Option<Outputs<'_>>, next: &Site<'_, '_, B>) -> bool {
    match (layer.op(), next.op()) {
        (Some(Op::Conv2d(_) | Op::ConvTranspose2d(_)), Some(Op::ChannelAffine(_))) => {
            outputs.is_none_or(Outputs::are_channels)
        }
        (Some(Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::Linear(_)), Some(Op::Scale(_))) => true,
        (Some(Op::Linear(_)), Some(Op::ChannelAffine(_))) => outputs.is_some_and(Outputs::are_channels),
        // What is infinite there is a mask.
        (_, Some(Op::Binary(_))) => outputs
            .filter(|&outputs| is_added(outputs, next))
            .and_then(|_| next.before(added(next)?.0))
            .is_some_and(|constant| constant.node().is_finite()),
        _ => false,
    }
}

/// Which input of a step is a constant that it adds to the other, and whether it is taken away: a bias that stands by
/// itself, as in `x.matmul(&w) + b`.
pub(super) fn added<B: Backend>(next: &Site<'_, '_, B>) -> Option<(usize, bool)> {
    match next.op()? {
        Op::Binary(Binary::Add) => Some((next.constant(0).map_or(1, |_| 0), false)),
        Op::Binary(Binary::Sub) => Some((1, true)),
        _ => None,
    }
}

/// Whether a step adds a number for each of the outputs.
fn is_added<B: Backend>(Outputs { axis, shape }: Outputs<'_>, next: &Site<'_, '_, B>) -> bool {
    let Some(constant) = added(next).and_then(|(place, _)| next.constant(place)) else { return false };
    let along_outputs = |(from_end, &len): (usize, &usize)| {
        len == 1 || from_end + axis + 1 == shape.len() && shape.get(axis) == Some(&len)
    };
    let fits = constant.shape().iter().rev().enumerate().all(along_outputs);
    fits && next.node().shape() == Some(shape)
}
