//! What is at a place of a model, along a path of its input.

use crate::explain::sample_rows::{check_place_rows, check_rows};
use crate::explain::{Call, Selection, Target, graph_for};
use crate::passes::{on_path, repeated};
use crate::{Arithmetic, Backend, Differentiable, Graph, Result, Tensor};

/// The straight path of the explained input from its reference, and the model, cut at a place.
pub(super) struct LayerPath<'a, M: Differentiable + ?Sized> {
    model: &'a M,
    place: &'a str,
    call: Call<'a, M::Backend>,
    /// Where each input starts, and how far it goes; nothing for one that is not explained.
    ends: Vec<Option<(Tensor<M::Backend>, Tensor<M::Backend>)>>,
}

type Cut<'a, B> = (Graph<'a, B>, Graph<'a, B>);

impl<'a, B: Backend, M: Differentiable<Backend = B> + ?Sized> LayerPath<'a, M> {
    /// From a reference of each explained input.
    pub(super) fn new(model: &'a M, place: &'a str, call: &Call<'a, B>, from: Vec<Tensor<B>>) -> Result<Self> {
        let mut from = from.into_iter();
        let ends = |(x, &explained): (&Tensor<B>, &bool)| {
            let x0 = explained.then(|| from.next()).flatten();
            x0.map(|x0| x.sub(&x0).map(|difference| (x0, difference))).transpose()
        };
        let ends = call.inputs.iter().zip(call.explained).map(ends).collect::<Result<_>>()?;
        Ok(LayerPath { model, place, call: *call, ends })
    }

    /// The points of the path at each α, sample by sample.
    pub(super) fn points(&self, alphas: &[f64]) -> Result<Vec<Tensor<B>>> {
        let of_input = |(x, ends): (&Tensor<B>, &Option<(Tensor<B>, Tensor<B>)>)| match ends {
            Some((x0, difference)) => on_path(x0, difference, alphas),
            None => repeated(x, alphas.len()),
        };
        self.call.inputs.iter().zip(&self.ends).map(of_input).collect()
    }

    /// The model for so many points of each sample, cut at the place.
    pub(super) fn cut(&self, points: usize, target: Target<'_, <B as Arithmetic>::Elem>) -> Result<Cut<'a, B>> {
        let rows = self.call.rows() * points;
        let with_rows = |x: &Tensor<B>| [&[rows], x.shape().get(1..).unwrap_or_default()].concat();
        let graph = graph_for(self.model, &self.call.inputs.iter().map(with_rows).collect::<Vec<_>>(), target)?;
        graph.split(graph.place(self.place)?)
    }

    /// What is at the place for these inputs: a row for each of theirs.
    pub(super) fn at_place(&self, start: &Graph<'_, B>, inputs: &[Tensor<B>]) -> Result<Tensor<B>> {
        let there = start.forward(inputs)?;
        let rows = inputs.first().and_then(|x| x.shape().first().copied()).unwrap_or(0);
        check_rows(self.place, rows, &there.shape())?;
        Ok(there)
    }

    /// The output on the clean input, and what is explained of it.
    pub(super) fn settle(&self, output: &Tensor<B>) -> Result<Selection> {
        self.call.target.settle_for(self.call.inputs, output)
    }
}

/// Before any pass: that the model can be cut at the place, which has a row for each sample, and that what is behind it
/// goes back.
pub(super) fn check_place<M: Differentiable + ?Sized>(
    model: &M,
    shapes: &[Vec<usize>],
    place: &str,
    rules: Option<&dyn crate::Rules<M::Backend>>,
) -> Result<()> {
    let graph = model.graph(shapes)?;
    let (_, rest) = graph.split(graph.place(place)?)?;
    check_place_rows(model, shapes, &graph, place)?;
    rest.check(rules, &[true])
}
