//! What of a file is known beforehand to be refused.

use xai_core::Backend;

use super::Network;
use crate::fault::Refused;
use crate::file::Node;
use crate::ops;

impl<B: Backend> Network<B> {
    /// The nodes before the output whose operators nothing is known of, whatever the shapes of the inputs: a
    /// [`graph`](xai_core::Differentiable::graph) is refused by these, and by what of the others depends on shapes and
    /// data.
    pub fn unsupported(&self) -> Vec<Refused> {
        let model = &self.file.model;
        let wanted = self.wanted();
        let own = model.graph.nodes.iter().zip(wanted).filter_map(|(node, wanted)| wanted.then_some(node));
        let functions = model.functions.values().flat_map(|function| &function.nodes);
        let is_known = |node: &Node| {
            let key = (node.domain.clone(), node.operator.clone());
            model.functions.contains_key(&key)
                || (node.domain.is_empty() && node.operator == "If")
                || ops::find::<B>(&node.domain, &node.operator).is_some()
        };
        let refused = |node: &Node| Refused {
            node: node.name.clone(),
            operator: node.full_operator(),
            opset: model.opsets.get(&node.domain).copied().unwrap_or(1),
            reason: ops::missing(&node.domain, &node.operator),
        };
        own.chain(functions).filter(|node| !is_known(node)).map(refused).collect()
    }
}
