//! Writing a network down.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::names::{Names, Scope};
use super::{Graph, Node, Step, Value};
use crate::{Backend, Error, Result};

/// The graph while it is written down.
pub(crate) struct Tracer<'m, B: Backend> {
    nodes: RefCell<Vec<Node<'m, B>>>,
    names: RefCell<Names>,
    scope: Cell<Scope>,
    places: RefCell<Vec<(Scope, Value)>>,
    placement: RefCell<Option<B::Placement>>,
    /// Whether layers run as in evaluation even if somebody trains.
    evaluating: Cell<bool>,
    /// The first thing that went wrong; what comes of it is not looked at.
    failure: RefCell<Option<Error>>,
}

impl<'m, B: Backend> Tracer<'m, B> {
    /// A graph of nothing but inputs of these shapes.
    pub(super) fn new(inputs: &[Vec<usize>]) -> Self {
        let input = |shape: &Vec<usize>| Node {
            step: Step::Input,
            inputs: Vec::new(),
            shape: Some(shape.clone()),
            scope: None,
        };
        Tracer {
            nodes: RefCell::new(inputs.iter().map(input).collect()),
            names: RefCell::default(),
            scope: Cell::new(None),
            places: RefCell::default(),
            placement: RefCell::default(),
            evaluating: Cell::new(false),
            failure: RefCell::default(),
        }
    }

    /// The graph, with this value as its output; or the first thing that went wrong.
    pub(super) fn finish(&self, inputs: usize, output: Result<Value>) -> Result<Graph<'m, B>> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let (nodes, names) = (self.nodes.take(), self.names.take());
        Ok(Graph::new(nodes, inputs, output?, names, self.places.take(), self.placement.take()))
    }

    /// Adds a node, whose shape is found and checked as far as those of its inputs are known.
    pub(super) fn push(&self, step: Step<'m, B>, inputs: Vec<Value>) -> Value {
        let shape = self.checked_shape(&step, &inputs).unwrap_or_else(|error| {
            self.fail(error);
            None
        });
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { step, inputs, shape, scope: self.scope.get() });
        Value(nodes.len() - 1)
    }

    fn checked_shape(&self, step: &Step<'m, B>, inputs: &[Value]) -> Result<Option<Vec<usize>>> {
        let nodes = self.nodes.borrow();
        let shapes: Option<Vec<&[usize]>> = inputs.iter().map(|value| nodes.get(value.0)?.shape.as_deref()).collect();
        let Some(shapes) = shapes else { return Ok(None) };
        match step {
            Step::Input => Ok(None),
            Step::Constant(weight) => Ok(Some(weight.shape().to_vec())),
            Step::Op(op) => op.output_shape(&shapes).map(Some),
            Step::Opaque(code) => code.output_shape(&shapes),
        }
    }

    /// Keeps the first failure, with the names of the layer that is written down.
    pub(super) fn fail(&self, error: Error) {
        let mut failure = self.failure.borrow_mut();
        if failure.is_none() {
            *failure = Some(self.names.borrow().blame(self.scope.get(), error));
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failure.borrow().is_some()
    }

    pub(super) fn shape(&self, value: Value) -> Option<Vec<usize>> {
        self.nodes.borrow().get(value.0)?.shape.clone()
    }

    /// Runs `layer` inside of a name, and makes its output a place of that name.
    pub(super) fn within(&self, name: String, layer: impl FnOnce() -> Result<Value>) -> Result<Value> {
        let outer = self.scope.get();
        let scope = self.names.borrow_mut().enter(name, outer);
        self.scope.set(scope);
        let y = layer();
        // Failures of the layer's own code get their names here, and once.
        if let Err(error) = y {
            self.fail(error);
            self.scope.set(outer);
            return Err(Error::backend(B::NAME, "the network could not be written down"));
        }
        self.scope.set(outer);
        let y = y?;
        self.places.borrow_mut().push((scope, y));
        Ok(y)
    }

    /// Writes a graph that was written down before into this one, with its names and places.
    pub(super) fn inline(&self, graph: &Graph<'m, B>, inputs: &[Value]) -> Value {
        let (outer, mut known) = (self.scope.get(), BTreeMap::new());
        let mut values = inputs.to_vec();
        for node in graph.nodes.iter().skip(graph.inputs) {
            let scope = self.names.borrow_mut().adopt(&graph.names, node.scope, outer, &mut known);
            self.scope.set(scope);
            values.push(self.push(node.step.clone(), node.inputs.iter().map(|value| values[value.0]).collect()));
        }
        self.scope.set(outer);
        for &(scope, value) in &graph.places {
            let scope = self.names.borrow_mut().adopt(&graph.names, scope, outer, &mut known);
            self.places.borrow_mut().push((scope, values[value.0]));
        }
        values[graph.output.0]
    }

    pub(super) fn is_evaluating(&self) -> bool {
        self.evaluating.get()
    }

    /// Writes down what `code` does as it is in evaluation.
    pub(super) fn evaluating<R>(&self, code: impl FnOnce() -> R) -> R {
        let before = self.evaluating.replace(true);
        let written = code();
        self.evaluating.set(before);
        written
    }

    pub(super) fn place_at(&self, placement: B::Placement) {
        self.placement.borrow_mut().get_or_insert(placement);
    }
}
