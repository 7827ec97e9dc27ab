//! What is taken into the weights of a layer in front.

use crate::graph::Site;
use crate::op::Binary;
use crate::{Backend, Op};

/// Whether a step is merged into the weights of a layer in front, or into its bias.
pub(super) fn merges<B: Backend>(layer: &Site<'_, '_, B>, next: &Site<'_, '_, B>) -> bool {
    match (layer.op(), next.op()) {
        (Some(Op::Conv2d(_) | Op::ConvTranspose2d(_)), Some(Op::ChannelAffine(_) | Op::Scale(_))) => true,
        (Some(Op::Linear(_)), Some(Op::Scale(_))) => true,
        // The channels of rows of numbers are the outputs.
        (Some(Op::Linear(_)), Some(Op::ChannelAffine(_))) => layer.node().shape().is_some_and(|shape| shape.len() == 2),
        // What is infinite there is a mask.
        (_, Some(Op::Binary(_))) => added(layer, next)
            .and_then(|(place, _)| next.before(place))
            .is_some_and(|constant| constant.node().is_finite()),
        _ => false,
    }
}

/// Which input of a step is a constant that it adds to the outputs of a layer, a number for each of them, and whether
/// it is taken away: a bias that stands by itself, as in `x.matmul(&w) + b`.
pub(super) fn added<B: Backend>(layer: &Site<'_, '_, B>, next: &Site<'_, '_, B>) -> Option<(usize, bool)> {
    let (place, taken_away) = match next.op()? {
        Op::Binary(Binary::Add) => (next.constant(0).map_or(1, |_| 0), false),
        Op::Binary(Binary::Sub) => (1, true),
        _ => return None,
    };
    let (constant, shape) = (next.constant(place)?, layer.node().shape()?);
    let outputs = outputs_from_end(layer, shape.len())?;
    let along_outputs = |(from_end, &len): (usize, &usize)| {
        len == 1 || from_end == outputs && shape.iter().rev().nth(from_end) == Some(&len)
    };
    let fits = constant.shape().iter().rev().enumerate().all(along_outputs);
    (fits && next.node().shape() == Some(shape)).then_some((place, taken_away))
}

/// Where the axis of a layer's outputs is, counted from the last.
fn outputs_from_end<B: Backend>(layer: &Site<'_, '_, B>, rank: usize) -> Option<usize> {
    match layer.op()? {
        Op::Conv2d(_) | Op::ConvTranspose2d(_) => rank.checked_sub(2),
        Op::Linear(_) => Some(0),
        Op::MatMul(_) if layer.wanted() == [true, false] => Some(0),
        Op::MatMul(_) if layer.wanted() == [false, true] => Some(1),
        _ => None,
    }
}
