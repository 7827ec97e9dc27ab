//! What operations are tried on.

use crate::{Result, Tensor};

/// Gives a tensor of a shape, for a weight, with numbers that look random: others for each seed.
pub type Numbers<'a, B> = dyn FnMut(&[usize], u64) -> Result<Tensor<B>> + 'a;

/// An operation, and the shapes of inputs that it is tried on.
#[derive(Debug, Clone)]
pub struct Example<O> {
    /// What it is, in words.
    pub name: String,
    /// The operation.
    pub op: O,
    /// The inputs' shapes.
    pub inputs: Vec<Vec<usize>>,
}

impl<O> Example<O> {
    /// An operation of one input of this shape.
    pub fn new(name: impl Into<String>, op: O, input: &[usize]) -> Self {
        Example::of_several(name, op, &[input])
    }

    /// An operation of inputs of these shapes.
    pub fn of_several(name: impl Into<String>, op: O, inputs: &[&[usize]]) -> Self {
        Example { name: name.into(), op, inputs: inputs.iter().map(|shape| shape.to_vec()).collect() }
    }

    /// The same, of a kind that it can be turned into.
    pub(super) fn into_kind<P: From<O>>(self) -> Example<P> {
        Example { name: self.name, op: self.op.into(), inputs: self.inputs }
    }
}
