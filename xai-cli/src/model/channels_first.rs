//! Networks whose photos have their channels last.

use xai::{Arithmetic, Backend, Differentiable, Result, Var};

/// A network that takes (samples, rows, columns, channels), as one that takes (samples, channels, rows, columns): as
/// all methods and pictures have it.
pub(super) struct ChannelsFirst<B: Backend>(pub(super) Box<dyn Differentiable<Backend = B>>);

impl<B: Backend> Differentiable for ChannelsFirst<B> {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let turned: Vec<Var<'m, B>> = inputs.iter().map(|input| input.permute(&[0, 2, 3, 1])).collect();
        self.0.trace(&turned)
    }

    fn placement(&self) -> Option<<B as Arithmetic>::Placement> {
        self.0.placement()
    }
}
