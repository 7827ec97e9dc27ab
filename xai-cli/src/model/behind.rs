//! A network from a place on.

use std::rc::Rc;

use ndarray::{ArrayD, ArrayViewD};
use xai::{Arithmetic, Backend, Differentiable, Result, UpTo, Var};
use xai_cli::command_line::{Outcome, failure};

use super::opened::{Model, Wanted};

/// What stands in front of a place.
pub(crate) struct Front<B: Backend> {
    network: Rc<dyn Differentiable<Backend = B>>,
    at: String,
}

impl<B: Backend<Elem = f32>> Front<B> {
    /// What is there, of an input of the whole network.
    pub(crate) fn numbers(&self, input: ArrayViewD<'_, f32>) -> Result<ArrayD<f32>> {
        UpTo::new(&*self.network, self.at.as_str()).predict(input)
    }
}

/// What stands behind a place where each number of the network's input, (samples, length), has a row.
struct Rest<B: Backend> {
    network: Rc<dyn Differentiable<Backend = B>>,
    at: String,
}

impl<B: Backend> Differentiable for Rest<B> {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let values = Var::only(inputs)?;
        let shape: Vec<usize> = values.shape()?.into_iter().take(2).collect();
        from_place(&*self.network, &self.at, &shape, &values)
    }

    fn placement(&self) -> Option<<B as Arithmetic>::Placement> {
        self.network.placement()
    }
}

/// What a network gives from a place on, for an input of this shape but for the number of rows.
pub(crate) fn from_place<'m, B: Backend>(
    network: &'m (dyn Differentiable<Backend = B> + 'm),
    at: &str,
    shape: &[usize],
    values: &Var<'m, B>,
) -> Result<Var<'m, B>> {
    let rows = values.shape()?.first().copied().unwrap_or(0);
    let shape = [&[rows], shape.get(1..).unwrap_or_default()].concat();
    let graph = network.graph(&[shape])?;
    let (_, rest) = graph.split(graph.place(at)?)?;
    values.graph(&rest, &[])
}

impl<B: Backend> Model<B> {
    /// What is behind a place as a network of its own, what is in front of it, and the shape of what is there of an
    /// input of this shape.
    pub(crate) fn behind(self, at: &str, shape: &[usize]) -> Outcome<(Self, Front<B>, Vec<usize>)> {
        let places = self.network.places(&[shape.to_vec()])?;
        let there = places.into_iter().find(|place| place.name == at).and_then(|place| place.shape);
        let there = there.ok_or_else(|| failure(format!("nothing is known of what is at {at}")))?;
        let network: Rc<dyn Differentiable<Backend = B>> = Rc::from(self.network);
        let front = Front { network: Rc::clone(&network), at: at.to_owned() };
        let input = Wanted { whole: false, shape: None, ..self.input };
        let rest = Box::new(Rest { network, at: at.to_owned() });
        Ok((Model { network: rest, input, ..self }, front, there))
    }
}
