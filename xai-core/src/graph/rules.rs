//! Another way back than the gradient: [`Rules`].

use super::{Graph, Node, Step, Value};
use crate::{Backend, Error, Op, Pullback, Result, Tensor, Weight};

/// Another way back than the gradient, for the nodes that it takes; the rest goes back by the gradient.
///
/// A pass asks at each node that the explained inputs reach. What a rule takes it also runs forward, so that a rule may
/// keep what it needs. See `docs/rules.md` of the repository for one in ten lines.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::{Activation, Op};
/// use xai::{Backend, Pullback, Result, Rules, Site, Tensor};
///
/// /// Everything passes back through a tanh, as if it were not there.
/// struct ThroughTanh;
/// impl<B: Backend> Rules<B> for ThroughTanh {
///     fn takes(&self, site: &Site<'_, '_, B>) -> bool {
///         matches!(site.op(), Some(Op::Activation(Activation::Tanh)))
///     }
///     fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
///         Ok((site.run_forward(1, inputs)?, Pullback::new(|v| Ok(v.clone()))))
///     }
/// }
/// ```
pub trait Rules<B: Backend> {
    /// Whether the rules have a way of their own back through this node.
    fn takes(&self, site: &Site<'_, '_, B>) -> bool;

    /// Whether they know what to do at a node that they take: asked before any pass.
    ///
    /// # Errors
    /// [`Error::NoRule`], mostly.
    fn check(&self, site: &Site<'_, '_, B>) -> Result<()> {
        let _ = site;
        Ok(())
    }

    /// The output of a node that they take, given its inputs, and their way back to them: of the last of its
    /// [`run`](Rules::run), if that is longer than one.
    ///
    /// # Errors
    /// The framework's own.
    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)>;

    /// How many operations they take together at a node that they take: it, and those behind it, of which each is the
    /// only reader of the one before and reads nothing else but constants ([`Site::next`]).
    fn run(&self, site: &Site<'_, '_, B>) -> usize {
        let _ = site;
        1
    }

    /// Whether they change what comes back to this node's output, whichever way it then goes back through the node.
    fn touches(&self, site: &Site<'_, '_, B>) -> bool {
        let _ = site;
        false
    }

    /// What they make of what comes back to the output y of a node that they touch: in y's shape.
    ///
    /// # Errors
    /// The framework's own.
    fn touch<'m>(&self, site: &Site<'_, 'm, B>, y: &Tensor<B>) -> Result<Pullback<'m, B>> {
        let _ = (site, y);
        Ok(Pullback::new(|v| Ok(v.clone())))
    }
}

/// A node, as rules see it.
///
/// ```
/// # use xai_core as xai;
/// use xai::{Backend, Site};
///
/// /// What a rule knows how to take: an operation that has weights, of which one input varies.
/// fn has_weights<B: Backend>(site: &Site<'_, '_, B>) -> bool {
///     site.wanted() == [true] && site.op().is_some_and(|op| !op.weights().is_empty())
/// }
/// ```
pub struct Site<'a, 'm, B: Backend> {
    graph: &'a Graph<'m, B>,
    node: usize,
    /// For each node of the graph, whether the explained inputs reach it.
    varies: &'a [bool],
    wanted: Vec<bool>,
}

impl<'a, 'm, B: Backend> Site<'a, 'm, B> {
    pub(super) fn new(graph: &'a Graph<'m, B>, node: usize, varies: &'a [bool]) -> Self {
        let wanted = graph.nodes[node].inputs.iter().map(|value| varies[value.0]).collect();
        Site { graph, node, varies, wanted }
    }

    /// The node's number: the same in every pass through one model.
    pub fn id(&self) -> usize {
        self.node
    }

    /// The names that lead to it, joined by dots.
    pub fn path(&self) -> String {
        self.graph.path(Value(self.node))
    }

    /// The node.
    pub fn node(&self) -> &'a Node<'m, B> {
        &self.graph.nodes[self.node]
    }

    /// The operation, if it is one of the vocabulary.
    pub fn op(&self) -> Option<&'a Op<B>> {
        self.node().op()
    }

    /// The shape of one of its inputs, unless it comes from code that nobody can look into.
    pub fn input_shape(&self, input: usize) -> Option<&'a [usize]> {
        let value = self.node().inputs.get(input)?;
        self.graph.nodes[value.0].shape()
    }

    /// For each of its inputs, whether the explained inputs reach it.
    pub fn wanted(&self) -> &[bool] {
        &self.wanted
    }

    /// For each of its inputs, whether any input of the network reaches it, explained or given. One that none reaches
    /// is the network's own, as a position embedding, and has no batch axis.
    pub fn has_rows(&self) -> Vec<bool> {
        self.node().inputs.iter().map(|value| self.graph.reached[value.0]).collect()
    }

    /// True when the output is affine in those of its inputs that the explained inputs reach.
    pub fn is_affine(&self) -> bool {
        self.node().is_affine(&self.wanted)
    }

    /// The node that reads its output, if there is but one.
    pub fn reader(&self) -> Option<Site<'a, 'm, B>> {
        self.graph.reader[self.node].map(|node| Site::new(self.graph, node, self.varies))
    }

    /// The node that makes one of its inputs.
    pub fn before(&self, input: usize) -> Option<Site<'a, 'm, B>> {
        self.node().inputs.get(input).map(|value| Site::new(self.graph, value.0, self.varies))
    }

    /// The node behind it, if that is the only one that reads its output, and reads nothing else but constants of the
    /// network's own.
    pub fn next(&self) -> Option<Site<'a, 'm, B>> {
        self.graph.next(self.node).map(|node| Site::new(self.graph, node, self.varies))
    }

    /// What one of its inputs is, if that is a constant of the network's own.
    pub fn constant(&self, input: usize) -> Option<&'a Weight<B>> {
        self.graph.constant(*self.node().inputs.get(input)?)
    }

    /// The output of so many nodes, this one and those [behind](Site::next) it, for this one's inputs.
    ///
    /// # Errors
    /// The nodes' own.
    pub fn run_forward(&self, len: usize, inputs: &[Tensor<B>]) -> Result<Tensor<B>> {
        self.graph.run_forward(self.node, len, inputs)
    }

    /// The output of so many nodes, this one and those [behind](Site::next) it, for this one's inputs, and the
    /// gradient's way back through all of them.
    ///
    /// # Errors
    /// The nodes' own.
    pub fn run_vjp(&self, len: usize, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        self.graph.run_vjp(self.node, len, inputs, self.varies)
    }

    /// The output for these inputs.
    ///
    /// # Errors
    /// The node's own.
    pub fn forward(&self, inputs: &[Tensor<B>]) -> Result<Tensor<B>> {
        match &self.node().step {
            Step::Op(op) => B::forward(op, &inputs.iter().collect::<Vec<_>>()),
            Step::Opaque(code) => (code.forward)(inputs),
            Step::Constant(weight) => Ok(weight.tensor()),
            Step::Input => Err(Error::backend(B::NAME, "an input computes nothing")),
        }
    }

    /// The output for these inputs, and the gradient's way back.
    ///
    /// # Errors
    /// The node's own.
    pub fn vjp(&self, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        self.node().vjp(inputs, &self.wanted)
    }
}

impl<'m, B: Backend> Graph<'m, B> {
    /// For each node, what rules see of it; none of those that the explained inputs do not reach, or that the output
    /// does not depend on.
    pub(crate) fn sites<'a>(&'a self, varies: &'a [bool]) -> Vec<Option<Site<'a, 'm, B>>> {
        let counts = |node: usize| self.needed[node] && varies[node];
        (0..self.nodes.len()).map(|node| counts(node).then(|| Site::new(self, node, varies))).collect()
    }
}

impl<B: Backend> Clone for Site<'_, '_, B> {
    fn clone(&self) -> Self {
        Site { graph: self.graph, node: self.node, varies: self.varies, wanted: self.wanted.clone() }
    }
}

impl<B: Backend> std::fmt::Debug for Site<'_, '_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("id", &self.node).field("path", &self.path()).finish_non_exhaustive()
    }
}
