//! What of a file is known beforehand to be refused.

use xai_core::Backend;

use super::Network;
use super::fixed::Fixed;
use super::search::{Search, is_true, of_constant};
use crate::fault::Refused;

impl<B: Backend> Network<B> {
    /// The nodes before the output whose operators nothing is known of, whatever the shapes of the inputs: a
    /// [`graph`](xai_core::Differentiable::graph) is refused by these, and by what of the others depends on shapes and
    /// data. Nodes of functions are among them where the functions are called, and those of an `If` in the branch that
    /// a constant of the file chooses; in both, where the file alone does not say which one runs.
    pub fn unsupported(&self) -> Vec<Refused> {
        let model = &self.file.model;
        let wanted = self.wanted();
        let holds = |name: &str| {
            let fixed = || self.fixed.get(name).map(Fixed::is_true);
            let known = model.graph.tensors.get(name).map(is_true).or_else(fixed);
            known.or_else(|| of_constant(&model.graph.nodes, name))
        };
        let mut search = Search::<B>::new(model);
        for (node, _) in model.graph.nodes.iter().zip(wanted).filter(|(_, wanted)| *wanted) {
            search.node(node, &model.opsets, &holds);
        }
        search.found
    }
}
