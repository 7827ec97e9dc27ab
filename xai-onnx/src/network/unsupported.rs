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
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
    /// use xai::NdArray;
    /// use xai::onnx::Reader;
    ///
    /// # let (before, after) = (b"\x08\x08\x42\x02\x10\x11\x3a\x1f", b"\x5a\x03\x0a\x01x\x62\x03\x0a\x01y");
    /// # let bytes = [&before[..], b"\x0a\x13\x0a\x01x\x12\x01y\x1a\x04last\x22\x05Magic", after].concat();
    /// // One node, `last`, of an operator that does not exist.
    /// let net = Reader::<NdArray>::new().parse(bytes)?;
    /// let unsupported = net.unsupported();
    /// assert_eq!((unsupported[0].node.as_str(), unsupported[0].operator.as_str()), ("last", "Magic"));
    /// # Ok::<(), xai::Error>(())
    /// ```
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
