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
/// use xai::nn::Activation;
/// use xai::{Backend, Op, Pullback, Result, Rules, Site, Tensor};
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
///
/// Rules can take several operations together, refuse one, and change what comes back to a value:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{arr2, array};
/// use xai::nn::Activation;
/// use xai::{Backend, Error, Graph, NdArray, Op, Pullback, Result, Rules, Site, Tensor};
///
/// /// Twice the gradient through a scale and what follows it; to a relu's output comes what is positive alone.
/// struct Mine;
/// impl<B: Backend> Rules<B> for Mine {
///     fn takes(&self, site: &Site<'_, '_, B>) -> bool {
///         matches!(site.op(), Some(Op::Scale(_) | Op::Softmax(_)))
///     }
///     fn check(&self, site: &Site<'_, '_, B>) -> Result<()> {
///         match site.op() {
///             Some(Op::Softmax(_)) => Err(Error::NoRule {
///                 rules: "Mine".into(),
///                 what: "a softmax".into(),
///                 reason: "explain the scores in front of it".into(),
///             }),
///             _ => Ok(()),
///         }
///     }
///     fn run(&self, site: &Site<'_, '_, B>) -> usize {
///         1 + usize::from(site.next().is_some())
///     }
///     fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
///         let (y, gradient) = site.run_vjp(self.run(site), inputs)?;
///         Ok((y, Pullback::new(move |v| gradient.pull(&v.scale(2.0)?))))
///     }
///     fn touches(&self, site: &Site<'_, '_, B>) -> bool {
///         site.op().and_then(Op::as_activation) == Some(Activation::Relu)
///     }
///     fn touch<'m>(&self, _: &Site<'_, 'm, B>, _: &Tensor<B>) -> Result<Pullback<'m, B>> {
///         Ok(Pullback::new(|v: &Tensor<B>| v.relu()))
///     }
/// }
///
/// let graph = Graph::<NdArray<f64>>::trace(&[vec![1, 2]], |x| Ok((&x[0] * 3.0).relu()))?;
/// graph.check(Some(&Mine), &[true])?;
/// let tensor = |row: [f64; 2]| Tensor::upload(arr2(&[row]).view().into_dyn(), &());
/// let (_, pullback) = graph.vjp(&[tensor([1.0, 2.0])?], &[true], Some(&Mine))?;
/// // 0 for what is negative; 1 · 2, times the relu's slope and 3.
/// assert_eq!(pullback.pull(&tensor([-1.0, 1.0])?)?.download()?, array![[0.0, 6.0]].into_dyn());
///
/// let graph = Graph::<NdArray<f64>>::trace(&[vec![1, 2]], |x| Ok(x[0].softmax(-1)))?;
/// assert!(graph.check(Some(&Mine), &[true]).is_err());
/// # Ok::<(), xai::Error>(())
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
    /// only reader of the one before and reads nothing else but constants ([`Site::next`]). Each is checked by itself
    /// all the same: code without a gradient is refused.
    fn run(&self, site: &Site<'_, '_, B>) -> usize {
        let _ = site;
        1
    }

    /// Whether they change what comes back to this node's output, whichever way it then goes back through the node. Of
    /// those in a [`run`](Rules::run) the last one is asked, to whose output something comes back.
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
///
/// What there is to see at the sum of a value and a constant:
///
/// ```
/// # use xai_core as xai;
/// use std::cell::Cell;
///
/// use ndarray::{arr2, array};
/// use xai::{Graph, NdArray, Pullback, Result, Rules, Site, Tensor};
///
/// /// Takes every node, and hands it to a closure before any pass.
/// struct Look<F>(F);
/// impl<F: Fn(&Site<'_, '_, NdArray<f64>>) -> Result<()>> Rules<NdArray<f64>> for Look<F> {
///     fn takes(&self, _: &Site<'_, '_, NdArray<f64>>) -> bool {
///         true
///     }
///     fn check(&self, site: &Site<'_, '_, NdArray<f64>>) -> Result<()> {
///         (self.0)(site)
///     }
///     fn vjp<'m>(
///         &self,
///         site: &Site<'_, 'm, NdArray<f64>>,
///         inputs: &[Tensor<NdArray<f64>>],
///     ) -> Result<(Tensor<NdArray<f64>>, Pullback<'m, NdArray<f64>>)> {
///         site.vjp(inputs)
///     }
/// }
///
/// // Node 0 is the input, 1 twice the input, 2 the constant, 3 the sum of both, 4 the relu.
/// let tensor = |row: [f64; 2]| Tensor::<NdArray<f64>>::upload(arr2(&[row]).view().into_dyn(), &());
/// let ones = tensor([1.0, 1.0])?;
/// let graph = Graph::trace(&[vec![1, 2]], |x| {
///     let twice = &x[0] * 2.0;
///     Ok(x[0].within("sum", || Ok(&twice + x[0].constant(ones.clone())))?.relu())
/// })?;
/// let seen = Cell::new(false);
/// let look = |site: &Site<'_, '_, NdArray<f64>>| -> Result<()> {
///     if site.path() != "sum" {
///         return Ok(());
///     }
///     seen.set(true);
///     assert_eq!((site.id(), site.node().inputs().len(), site.input_shape(1)), (3, 2, Some(&[1, 2][..])));
///     // The constant does not vary, and has no row for each sample.
///     assert!(site.is_affine() && site.wanted() == [true, false] && site.has_rows() == [true, false]);
///     assert!(site.constant(0).is_none() && site.constant(1).is_some());
///     let around = [site.before(0), site.reader(), site.next()].map(|site| site.map(|site| site.id()));
///     assert_eq!(around, [Some(1), Some(4), Some(4)]);
///
///     // relu([2, -3] + [1, 1]), and the way back through both nodes.
///     let inputs = [tensor([2.0, -3.0])?, ones.clone()];
///     assert_eq!(site.forward(&inputs)?.download()?, array![[3.0, -2.0]].into_dyn());
///     assert_eq!(site.run_forward(2, &inputs)?.download()?, array![[3.0, 0.0]].into_dyn());
///     let parts = site.run_vjp(2, &inputs)?.1.pull_all(&ones)?;
///     assert_eq!(parts[0].as_ref().map(Tensor::download).transpose()?, Some(array![[1.0, 0.0]].into_dyn()));
///     Ok(())
/// };
/// graph.check(Some(&Look(look)), &[true])?;
/// assert!(seen.get());
/// # Ok::<(), xai::Error>(())
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
        self.graph.reader(self.node).map(|node| Site::new(self.graph, node, self.varies))
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
