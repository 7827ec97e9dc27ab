//! What an average is taken of: an analyzer on a model, or what is behind the model's affine start.

use crate::explain::{Analyzer, Attribution, Call, Target, WayBack, graph_for, pulled};
use crate::graph::Value;
use crate::{Backend, Differentiable, Graph, Op, Pullback, Result, Tensor};

/// An analyzer on a model; or, where the analyzer is one way back and the model begins with an affine part, the part
/// behind that: f = rest ∘ start, start(x) = J·x + b.
///
/// The gradient at a copy xᵢ of the input is Jᵀ·gᵢ with gᵢ the gradient of the rest at start(xᵢ), so that the mean of
/// gradients is Jᵀ · (mean of the gᵢ): one pullback for all copies. On a straight path start(xᵢ) is on the straight
/// path between the ends' values, so that the start itself runs at the ends alone. Exact up to rounding.
pub(crate) struct Subject<'a, M: Differentiable + ?Sized, A: ?Sized> {
    model: &'a M,
    analyzer: &'a A,
    /// The shapes of the model's inputs, but for the number of rows.
    shapes: Vec<Vec<usize>>,
    explained: &'a [bool],
    /// Where the affine part ends.
    at: Option<Value>,
    way: Option<WayBack<'a, M::Backend>>,
}

/// The affine start at the clean input: its value, and the pullback, the same for all copies.
pub(crate) struct Start<'a, B: Backend> {
    pub(crate) value: Tensor<B>,
    pullback: Pullback<'a, B>,
    explained: &'a [bool],
}

impl<'a, M: Differentiable + ?Sized, A: Analyzer<M> + ?Sized> Subject<'a, M, A> {
    pub(crate) fn new(analyzer: &'a A, model: &'a M, call: &Call<'a, M::Backend>) -> Result<Self> {
        let graph = call.graph(model)?;
        let way = analyzer.way_back();
        let plain_start = |at: &Value, way: WayBack<'_, M::Backend>| match way.rules() {
            None => true,
            // Asked of the whole graph: a rule may look at what reads a node.
            Some(rules) => !graph.is_ruled_up_to(*at, rules, call.explained),
        };
        let at = match (way, graph.affine_end()) {
            (Some(way), Some(at)) if plain_start(&at, way) && is_alike(model, &graph, call) => Some(at),
            _ => None,
        };
        Ok(Subject { model, analyzer, shapes: call.shapes(), explained: call.explained, at, way })
    }

    /// The model from its inputs on, for what does not commute with a pullback.
    pub(crate) fn whole(self) -> Self {
        Subject { at: None, ..self }
    }

    /// What the affine start makes of the inputs, if there is one, with its pullback.
    pub(crate) fn start(&self, inputs: &[Tensor<M::Backend>]) -> Result<Option<Start<'a, M::Backend>>> {
        let Some(start) = self.start_graph(inputs)? else { return Ok(None) };
        let (value, pullback) = start.vjp(inputs, self.explained, None)?;
        Ok(Some(Start { value, pullback, explained: self.explained }))
    }

    /// What the affine start makes of the inputs, if there is one.
    pub(crate) fn start_forward(&self, inputs: &[Tensor<M::Backend>]) -> Result<Option<Tensor<M::Backend>>> {
        self.start_graph(inputs)?.map(|start| start.forward(inputs)).transpose()
    }

    fn start_graph(&self, inputs: &[Tensor<M::Backend>]) -> Result<Option<Graph<'a, M::Backend>>> {
        let Some(at) = self.at else { return Ok(None) };
        let rows = inputs.first().and_then(|x| x.shape().first().copied()).unwrap_or(0);
        Ok(Some(self.model.graph(&self.shapes_of(rows))?.split(at)?.0))
    }

    fn shapes_of(&self, rows: usize) -> Vec<Vec<usize>> {
        let with_rows = |shape: &Vec<usize>| [&[rows], shape.get(1..).unwrap_or_default()].concat();
        self.shapes.iter().map(with_rows).collect()
    }

    /// The model, or what is behind its start, for so many rows.
    pub(crate) fn graph(
        &self,
        rows: usize,
        target: Target<'_, <M::Backend as crate::Arithmetic>::Elem>,
    ) -> Result<Graph<'a, M::Backend>> {
        let graph = graph_for(self.model, &self.shapes_of(rows), target)?;
        match self.at {
            Some(at) => Ok(graph.split(at)?.1),
            None => Ok(graph),
        }
    }

    /// The output of rows of inputs, or of what the start made of them.
    pub(crate) fn forward(&self, call: &Call<'_, M::Backend>) -> Result<Tensor<M::Backend>> {
        self.graph(call.rows(), call.target)?.forward(call.inputs)
    }

    /// What the analyzer finds for rows of inputs, or of what the start made of them.
    pub(crate) fn attribute(&self, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        match (self.at, self.way) {
            (Some(_), Some(way)) => {
                let graph = self.graph(call.rows(), call.target)?;
                call.back_through(&graph, way)
            }
            _ => self.analyzer.attribute(self.model, call),
        }
    }

    /// Whether secants of the model's steps may stand for the analyzer's gradient.
    pub(crate) fn is_gradient(&self) -> bool {
        matches!(self.way, Some(WayBack::Gradient))
    }

    /// Which of the inputs of [`attribute`](Subject::attribute) are explained.
    pub(crate) fn explained(&self) -> &'a [bool] {
        if self.at.is_some() { &[true] } else { self.explained }
    }

    /// What the analyzer's values are of.
    pub(crate) fn name(&self) -> String {
        self.analyzer.name()
    }
}

/// Whether the graph has the same nodes for one row more, so that a value of it is the same there: of a file, what is
/// known of one row may be folded, and of several not.
fn is_alike<M: Differentiable + ?Sized>(model: &M, graph: &Graph<'_, M::Backend>, call: &Call<'_, M::Backend>) -> bool {
    let mut more = call.shapes();
    more.iter_mut().filter_map(|shape| shape.first_mut()).for_each(|rows| *rows += 1);
    // What takes no row more is asked for none.
    let Ok(longer) = graph_for(model, &more, call.target) else { return true };
    let (here, there) = (graph.nodes(), longer.nodes());
    let name = |op: Option<&Op<M::Backend>>| op.map(|op| op.name());
    here.len() == there.len() && here.iter().zip(there).all(|(here, there)| name(here.op()) == name(there.op()))
}

impl<B: Backend> Start<'_, B> {
    /// Pulls a mean back, which was added up in a wider number type than the model's.
    pub(crate) fn pull_mean(&self, mean: &[Tensor<B>]) -> Result<Vec<Tensor<B>>> {
        let Some(mean) = mean.first() else { return Ok(Vec::new()) };
        let parts = pulled(&self.pullback, &mean.in_type_of(&self.value)?, self.explained)?;
        parts.iter().map(Tensor::widen).collect()
    }
}
