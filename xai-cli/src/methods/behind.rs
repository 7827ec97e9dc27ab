//! A part of a network as a network of its own.

use xai::{Backend, Differentiable, Result, Var};

use crate::model::from_place;

/// What is behind a place of a network, or all of it; and of its output one number, or all.
pub(crate) struct Behind<'a, B: Backend> {
    pub(crate) network: &'a (dyn Differentiable<Backend = B> + 'a),
    /// Where it begins.
    pub(crate) at: Option<&'a str>,
    /// The shape of the whole network's input, but for the number of rows.
    pub(crate) shape: &'a [usize],
    /// Which number of a sample's output it gives.
    pub(crate) index: Option<&'a [usize]>,
}

impl<B: Backend> Differentiable for Behind<'_, B> {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let output = match self.at {
            None => self.network.trace(inputs)?,
            Some(at) => from_place(self.network, at, self.shape, &Var::only(inputs)?)?,
        };
        let index = self.index.unwrap_or_default().iter().enumerate();
        Ok(index.fold(output, |output, (axis, &at)| output.narrow(axis + 1, at, 1)))
    }

    fn placement(&self) -> Option<B::Placement> {
        self.network.placement()
    }
}
