//! What relevance propagation needs to know of a graph before it runs.

use super::composite::LayerKind;
use crate::graph::{Graph, Site};
use crate::{Backend, Op};

/// Facts about each node of a graph.
pub(super) struct Facts {
    /// Whether its value is never negative, whatever the inputs are.
    pub(super) not_negative: Vec<bool>,
    /// Whether the explained inputs reach it through no layer with weights, itself not counted.
    pub(super) first: Vec<bool>,
    /// Whether its value reaches the output through no layer with weights.
    pub(super) last: Vec<bool>,
}

impl Facts {
    pub(super) fn of<B: Backend>(graph: &Graph<'_, B>, sites: &[Option<Site<'_, '_, B>>]) -> Self {
        let nodes = graph.nodes();
        let is_layer = |i: usize| sites[i].as_ref().and_then(kind).is_some_and(LayerKind::is_layer);
        let mut facts =
            Facts { not_negative: Vec::new(), first: vec![true; nodes.len()], last: vec![true; nodes.len()] };
        for (i, node) in nodes.iter().enumerate() {
            let inputs = node.inputs().iter().all(|value| facts.not_negative[value.0]);
            facts.not_negative.push(node.op().is_some_and(|op| op.is_not_negative(inputs)));
            facts.first[i] = node.inputs().iter().all(|value| facts.first[value.0] && !is_layer(value.0));
        }
        for i in (0..nodes.len()).rev().filter(|&i| sites[i].is_some()) {
            let through = !facts.last[i] || is_layer(i);
            if through {
                nodes[i].inputs().iter().for_each(|value| facts.last[value.0] = false);
            }
        }
        facts
    }
}

/// Whether an operation gives numbers of its first input as they are, all or some, in other places.
pub(super) fn only_moves<B: Backend>(op: &Op<B>) -> bool {
    matches!(op, Op::Reshape(_) | Op::Flatten(_) | Op::Permute(_) | Op::Narrow(_) | Op::IndexSelect(_) | Op::Gather(_))
}

/// What a step is, where rules may differ.
pub(super) fn kind<B: Backend>(site: &Site<'_, '_, B>) -> Option<LayerKind> {
    match site.op()? {
        Op::Conv2d(_) | Op::ConvTranspose2d(_) => Some(LayerKind::Conv),
        Op::Linear(_) => Some(LayerKind::Dense),
        Op::MatMul(_) if site.is_affine() => Some(LayerKind::Dense),
        Op::ChannelAffine(_) | Op::LayerNorm(_) | Op::RmsNorm(_) | Op::GroupNorm(_) => Some(LayerKind::Norm),
        Op::Activation(_) => Some(LayerKind::Activation),
        _ => None,
    }
}
