//! A node of a graph.

use super::Opaque;
use super::names::Scope;
use crate::{Backend, Element, Error, Op, Pullback, Result, Tensor, Weight};

/// A value of a graph: an input, or what a node computes.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Differentiable, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("a", Activation::Relu);
/// let graph = net.graph(&[vec![1, 2]])?;
/// // The input is the first of the nodes.
/// assert_eq!(graph.place("a")?.index(), 1);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub(crate) usize);

impl Value {
    /// Its number among the [nodes](crate::Graph::nodes) of its graph.
    pub fn index(self) -> usize {
        self.0
    }
}

/// What a node does.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Differentiable, NdArray, Step};
///
/// let net = Sequential::<NdArray<f64>>::new().push(Activation::Relu);
/// let graph = net.graph(&[vec![1, 2]])?;
/// assert!(graph.nodes().iter().all(|node| !matches!(node.step(), Step::Opaque(_))));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<'m, B: Backend> {
    /// It is one of the graph's inputs.
    Input,
    /// It is a tensor of the network's own.
    Constant(Weight<B>),
    /// It computes an operation of the vocabulary.
    Op(Op<B>),
    /// It runs code that nobody can look into.
    Opaque(Opaque<'m, B>),
}

impl<B: Backend> Clone for Step<'_, B> {
    fn clone(&self) -> Self {
        match self {
            Step::Input => Step::Input,
            Step::Constant(weight) => Step::Constant(weight.clone()),
            Step::Op(op) => Step::Op(op.clone()),
            Step::Opaque(code) => Step::Opaque(code.clone()),
        }
    }
}

/// A node of a graph: what it does, with which values.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Differentiable, NdArray, Step};
///
/// let net = Sequential::<NdArray<f64>>::new().push(Activation::Relu);
/// let graph = net.graph(&[vec![1, 2]])?;
/// let last = graph.nodes().last().expect("the activation");
/// assert_eq!((last.shape(), last.inputs().len()), (Some(&[1, 2][..]), 1));
/// assert!(matches!(last.step(), Step::Op(_)));
/// assert_eq!(last.op().map(|op| op.name()), Some("Activation"));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug)]
pub struct Node<'m, B: Backend> {
    pub(crate) step: Step<'m, B>,
    pub(crate) inputs: Vec<Value>,
    /// The output's shape, as far as it is known without running anything.
    pub(crate) shape: Option<Vec<usize>>,
    pub(crate) scope: Scope,
}

impl<B: Backend> Clone for Node<'_, B> {
    fn clone(&self) -> Self {
        Node { step: self.step.clone(), inputs: self.inputs.clone(), shape: self.shape.clone(), scope: self.scope }
    }
}

impl<'m, B: Backend> Node<'m, B> {
    /// What it does.
    pub fn step(&self) -> &Step<'m, B> {
        &self.step
    }

    /// The operation, if it is one of the vocabulary.
    pub fn op(&self) -> Option<&Op<B>> {
        match &self.step {
            Step::Op(op) => Some(op),
            _ => None,
        }
    }

    /// The values that it reads.
    pub fn inputs(&self) -> &[Value] {
        &self.inputs
    }

    /// The output's shape, unless it comes from code that nobody can look into.
    pub fn shape(&self) -> Option<&[usize]> {
        self.shape.as_deref()
    }

    /// True when its output is affine in those of its inputs that vary.
    pub(crate) fn is_affine(&self, varies: &[bool]) -> bool {
        match &self.step {
            Step::Input | Step::Constant(_) => true,
            Step::Op(op) => op.is_affine(varies),
            Step::Opaque(code) => code.affine,
        }
    }

    /// False for what brings in numbers that are not finite, or that cannot be read.
    pub(crate) fn is_finite(&self) -> bool {
        match &self.step {
            Step::Constant(weight) => {
                weight.tensor().download().is_ok_and(|numbers| numbers.iter().all(|number| number.as_f64().is_finite()))
            }
            Step::Op(Op::Pad2d(pad)) => pad.value.is_finite(),
            _ => true,
        }
    }

    /// y = node(inputs), and the gradient's way back to those that are wanted.
    pub(super) fn vjp(&self, inputs: &[Tensor<B>], wanted: &[bool]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        match &self.step {
            Step::Op(op) => B::vjp(op, &inputs.iter().collect::<Vec<_>>(), wanted),
            Step::Opaque(code) => match &code.vjp {
                Some(vjp) => vjp(inputs),
                None => Err(code.without()),
            },
            Step::Input | Step::Constant(_) => Err(Error::backend(B::NAME, "a value that no step computes")),
        }
    }
}
