//! A network, written down for inputs of certain shapes.

use std::fmt;
use std::rc::Rc;

use super::looked::Looked;
use super::names::{Names, Scope};
use super::{Node, Step, Value};
use crate::{Backend, Error, Result};

/// A network, written down for inputs of certain shapes: operations, which values they read, and named places.
///
/// It borrows from the model it was made of what nobody can look into; operations and weights it shares. Made by
/// [`trace`](Graph::trace), for each pass anew: that takes well under a microsecond for a node.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Differentiable, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("a", Activation::Relu);
/// let graph = net.graph(&[vec![1, 3]])?;
/// let ops: Vec<&str> = graph.nodes().iter().filter_map(|node| Some(node.op()?.name())).collect();
/// assert_eq!(ops, ["Activation"]);
/// assert_eq!((graph.inputs(), graph.output_shape()), (1, Some(&[1, 3][..])));
/// // The output is what the layer `a` computes.
/// assert_eq!((graph.output(), graph.path(graph.output())), (graph.place("a")?, "a".into()));
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Graph<'m, B: Backend> {
    /// In an order in which each reads what stands before it; the inputs first.
    pub(crate) nodes: Vec<Node<'m, B>>,
    pub(crate) inputs: usize,
    pub(crate) output: Value,
    pub(super) names: Rc<Names>,
    pub(super) places: Vec<(Scope, Value)>,
    placement: Option<B::Placement>,
    /// The values that passes give out beside the output.
    pub(super) kept: Vec<Value>,
    /// For each node, whether the output depends on it, or what is kept does.
    pub(super) needed: Vec<bool>,
    /// For each node, how often its value is read by what is needed; the output and what is kept once more.
    pub(super) readers: Vec<usize>,
    /// For each node, the first that reads it, of those that are needed.
    pub(super) first_reader: Vec<Option<usize>>,
    /// For each node, whether any of the inputs reaches it. What none reaches is the network's own, without a batch
    /// axis.
    pub(super) reached: Vec<bool>,
    /// What is looked up in it, once it was.
    pub(super) looked: Looked,
}

impl<'m, B: Backend> Graph<'m, B> {
    pub(super) fn new(
        nodes: Vec<Node<'m, B>>,
        inputs: usize,
        output: Value,
        names: Names,
        places: Vec<(Scope, Value)>,
        placement: Option<B::Placement>,
    ) -> Self {
        Graph::of_parts(nodes, inputs, output, Rc::new(names), places, placement)
    }

    pub(super) fn of_parts(
        nodes: Vec<Node<'m, B>>,
        inputs: usize,
        output: Value,
        names: Rc<Names>,
        places: Vec<(Scope, Value)>,
        placement: Option<B::Placement>,
    ) -> Self {
        Graph::that_keeps(Vec::new(), nodes, inputs, output, names, places, placement)
    }

    pub(super) fn that_keeps(
        kept: Vec<Value>,
        nodes: Vec<Node<'m, B>>,
        inputs: usize,
        output: Value,
        names: Rc<Names>,
        places: Vec<(Scope, Value)>,
        placement: Option<B::Placement>,
    ) -> Self {
        let mut needed = vec![false; nodes.len()];
        let (mut readers, mut first_reader) = (vec![0; nodes.len()], vec![None; nodes.len()]);
        for read in kept.iter().chain([&output]) {
            needed[read.0] = true;
            readers[read.0] += 1;
        }
        for (i, node) in nodes.iter().enumerate().rev() {
            if needed[i] {
                for input in &node.inputs {
                    needed[input.0] = true;
                    readers[input.0] += 1;
                    first_reader[input.0] = Some(i);
                }
            }
        }
        let (reached, looked) = (Vec::new(), Looked::default());
        let mut graph = Graph {
            nodes,
            inputs,
            output,
            names,
            places,
            placement,
            kept,
            needed,
            readers,
            first_reader,
            reached,
            looked,
        };
        graph.reached = graph.varying(&vec![true; inputs]);
        graph
    }

    /// How many inputs it takes.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The nodes, in an order in which each reads what stands before it; the inputs first.
    pub fn nodes(&self) -> &[Node<'m, B>] {
        &self.nodes
    }

    /// The value that is its output.
    pub fn output(&self) -> Value {
        self.output
    }

    /// The output's shape, unless it comes from code that nobody can look into.
    pub fn output_shape(&self) -> Option<&[usize]> {
        self.nodes[self.output.0].shape()
    }

    /// Where its inputs have to be brought, if it knows: as it was said, or where its first weights are.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // Plain arrays have one place, `()`, which a weight tells.
    /// let graph = Graph::<NdArray>::trace(&[vec![1, 2]], |x| Ok(x[0].relu()))?;
    /// assert_eq!(graph.placement(), None);
    /// let shift = Tensor::<NdArray>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[vec![1, 2]], |x| Ok(&x[0] + x[0].constant(shift)))?;
    /// assert_eq!(graph.placement(), Some(()));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn placement(&self) -> Option<B::Placement> {
        let of_node = |node: &Node<'m, B>| match &node.step {
            Step::Op(op) => op.placement(),
            Step::Constant(weight) => Some(weight.placement()),
            Step::Opaque(code) => code.placement.clone(),
            Step::Input => None,
        };
        self.placement.clone().or_else(|| self.nodes.iter().find_map(of_node))
    }

    /// How many numbers the largest value has that it computes for its output, of those whose shapes are known without
    /// running anything: 0 where it computes nothing.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    /// // Between an input of 6 numbers and an output of 2, there are twice as many as at the input.
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 3]], |x| Ok(x[0].concat(&[&x[0].relu()], 1).sum(&[1])))?;
    /// assert_eq!(graph.largest_map(), 12);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn largest_map(&self) -> usize {
        let known = self.nodes.iter().skip(self.inputs).zip(self.needed.iter().skip(self.inputs));
        let count = |(node, &needed): (&Node<'m, B>, &bool)| {
            node.shape.as_ref().filter(|_| needed).map_or(0, |shape| shape.iter().product())
        };
        known.map(count).max().unwrap_or(0)
    }

    /// Of how many rows a step works at the same time: 1 where that is not told.
    pub(crate) fn rows_at_once(&self) -> usize {
        let of_node = |node: &Node<'m, B>| match &node.step {
            Step::Opaque(code) => code.at_once,
            _ => 1,
        };
        self.nodes.iter().map(of_node).max().unwrap_or(1)
    }

    /// For each node, whether its value changes with those inputs that are `wanted`.
    pub(crate) fn varying(&self, wanted: &[bool]) -> Vec<bool> {
        let wanted = wanted.iter().take(self.inputs).enumerate().filter(|(_, wanted)| **wanted);
        self.varying_with(&wanted.map(|(input, _)| Value(input)).collect::<Vec<_>>())
    }

    /// For each node, whether it is one of these values, or its value changes with one of them.
    pub(super) fn varying_with(&self, values: &[Value]) -> Vec<bool> {
        let mut varies = vec![false; self.nodes.len()];
        values.iter().for_each(|value| varies[value.0] = true);
        for (i, node) in self.nodes.iter().enumerate() {
            varies[i] |= node.inputs.iter().any(|value| varies[value.0]);
        }
        varies
    }

    /// An error, as one that happened at a node.
    pub(super) fn blame(&self, node: usize, error: Error) -> Error {
        self.names.blame(self.nodes[node].scope, error)
    }

    pub(super) fn check_count(&self, inputs: usize) -> Result<()> {
        if inputs == self.inputs {
            return Ok(());
        }
        Err(Error::InvalidParameter {
            name: "inputs",
            value: inputs.to_string(),
            reason: format!("the model takes {}", self.inputs),
        })
    }

    /// The names that lead to a node, joined by dots; empty for what the network itself computes.
    pub fn path(&self, node: Value) -> String {
        self.nodes.get(node.0).map(|node| self.names.path(node.scope)).unwrap_or_default()
    }
}

impl<B: Backend> fmt::Debug for Graph<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for (i, node) in self.nodes.iter().enumerate() {
            let what = match &node.step {
                Step::Input => "Input",
                Step::Constant(_) => "Constant",
                Step::Op(op) => op.name(),
                Step::Opaque(_) => "Opaque",
            };
            let inputs: Vec<usize> = node.inputs.iter().map(|value| value.0).collect();
            list.entry(&format_args!("{i} {}: {what}{inputs:?} {:?}", self.names.path(node.scope), node.shape));
        }
        list.finish()
    }
}
