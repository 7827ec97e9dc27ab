//! What turns scores into probabilities at the end of a file.

use crate::file::{Attribute, Graph, Model, Node};

/// The end of a network that turns scores into probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending<'f> {
    /// `Softmax`, `LogSoftmax` or `Sigmoid`.
    pub(super) operator: &'f str,
    /// The value before it.
    pub(super) score: &'f str,
}

/// Steps that move numbers and leave them as they are.
const MOVES: [&str; 7] = ["Identity", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Cast", "Expand"];

impl<'f> Ending<'f> {
    /// That of an output, if it has one.
    pub(super) fn find(model: &'f Model, output: &str) -> Option<Self> {
        let nodes = &model.graph.nodes;
        let node = source(nodes, output)?;
        match node.operator.as_str() {
            "Softmax" | "LogSoftmax" if model.opset() >= 13 && is_over_samples(&model.graph, node, output) => None,
            operator @ ("Softmax" | "LogSoftmax" | "Sigmoid") => Some(Ending { operator, score: node.inputs.first()? }),
            "Div" => Some(Ending { operator: "Softmax", score: written_out(nodes, node)? }),
            _ => None,
        }
    }
}

/// Whether a softmax is over the first axis, and that is not the only one that its output is said to have: not classes
/// but samples make up its whole. Before opset 13 it is over all axes behind that one too.
fn is_over_samples(graph: &Graph, softmax: &Node, output: &str) -> bool {
    let Some(&Attribute::Int(axis)) = softmax.attributes.get("axis") else { return false };
    let said = graph.outputs.iter().find(|info| info.name == output).and_then(|info| info.shape.as_ref());
    match said.map(Vec::len) {
        Some(1) => false,
        Some(axes) => axis == 0 || axis.unsigned_abs() == axes as u64 && axis < 0,
        None => axis == 0,
    }
}

/// The node that computes the numbers of a value, wherever they were moved to since.
fn source<'f>(nodes: &'f [Node], value: &str) -> Option<&'f Node> {
    let mut value = value;
    // Of a file that is cyclic no step is taken twice.
    for _ in 0..nodes.len() {
        let node = nodes.iter().find(|node| node.outputs.first().is_some_and(|name| name == value))?;
        if !MOVES.contains(&node.operator.as_str()) {
            return Some(node);
        }
        value = node.inputs.first()?;
    }
    None
}

/// The score of exp(d) / Σ exp(d), where d is the score, or the score less its greatest.
fn written_out<'f>(nodes: &'f [Node], quotient: &'f Node) -> Option<&'f str> {
    let of = |value: &str, operator: &str| source(nodes, value).filter(|node| node.operator == operator);
    let [over, under] = &quotient.inputs[..] else { return None };
    let power = of(over, "Exp")?;
    let summed = source(nodes, of(under, "ReduceSum")?.inputs.first()?)?;
    if !std::ptr::eq(summed, power) {
        return None;
    }
    let less = power.inputs.first()?;
    let score = of(less, "Sub").and_then(|difference| {
        let [score, greatest] = &difference.inputs[..] else { return None };
        is_greatest(nodes, greatest, score).then_some(score)
    });
    Some(score.unwrap_or(less).as_str())
}

/// Whether a value is the greatest number of another, or of that and a constant that is less, as -∞.
fn is_greatest(nodes: &[Node], value: &str, of: &str) -> bool {
    let is_maximum = |node: &Node| node.operator == "ReduceMax" && node.inputs.first().is_some_and(|input| input == of);
    source(nodes, value).is_some_and(|node| match node.operator.as_str() {
        "Max" => node.inputs.iter().filter_map(|input| source(nodes, input)).any(is_maximum),
        _ => is_maximum(node),
    })
}
