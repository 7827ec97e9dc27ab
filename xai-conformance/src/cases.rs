//! The operations that the vocabulary is tried on: the examples that each of them gives.

use xai_core::nn::{Embedding, Example};
use xai_core::{Backend, Element, Graph, Op, Tensor};

use crate::{Failure, values};

/// An operation, and inputs for it.
pub(crate) struct Case<B: Backend> {
    pub(crate) name: String,
    pub(crate) inputs: Vec<Vec<usize>>,
    pub(crate) op: Op<B>,
}

impl<B: Backend> Case<B> {
    /// The operation alone, for inputs of these shapes.
    pub(crate) fn graph(&self, inputs: &[Vec<usize>]) -> Result<Graph<'static, B>, Failure> {
        let traced = Graph::trace(inputs, |x| {
            let (first, others) = x.split_first().ok_or_else(|| xai_core::Error::backend("suite", "no input"))?;
            Ok(first.op_with(self.op.clone(), &others.iter().collect::<Vec<_>>()))
        });
        traced.map_err(|error| Failure::new(format!("{}: {error}", self.name)))
    }

    pub(crate) fn wanted(&self) -> Vec<bool> {
        vec![true; self.inputs.len()]
    }
}

/// All operations, with their inputs.
pub(crate) fn cases<B: Backend>(placement: &B::Placement) -> xai_core::Result<Vec<Case<B>>> {
    let mut numbers = |shape: &[usize], seed: u64| {
        Tensor::<B>::upload(values(shape, seed).mapv(|v| B::Elem::of(v * 0.5)).view(), placement)
    };
    let examples = Op::<B>::examples(&mut numbers)?;
    Ok(examples.into_iter().map(|Example { name, op, inputs }| Case { name, inputs, op }).collect())
}

/// A table of rows, for ids of two sentences.
pub(crate) fn embedding<B: Backend>(placement: &B::Placement) -> xai_core::Result<Embedding<B>> {
    Embedding::new(Tensor::upload(values(&[7, 3], 120).mapv(B::Elem::of).view(), placement)?)
}
