//! Networks whose input or output has no batch axis.

use xai::{Arithmetic, Backend, Differentiable, Error, Result, Var};

/// A network whose input is one sample as it is, its first axis steps of time or frames, as one that takes
/// (1, steps, ...): the steps may look at each other, and each is an output that can be explained.
pub(super) struct OneSample<B: Backend>(pub(super) Box<dyn Differentiable<Backend = B>>);

impl<B: Backend> Differentiable for OneSample<B> {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let sample = |input: &Var<'m, B>| match &input.shape()?[..] {
            [1, sample @ ..] => Ok(input.reshape(sample)),
            other => Err(Error::InvalidShape {
                what: "input".into(),
                got: other.to_vec(),
                reason: "without a batch axis (--no-batch) the network takes one sample at a time".into(),
            }),
        };
        let samples = inputs.iter().map(sample).collect::<Result<Vec<_>>>()?;
        let output = self.0.trace(&samples)?;
        let shape = output.shape()?;
        Ok(output.reshape(&[&[1], &shape[..]].concat()))
    }

    fn placement(&self) -> Option<<B as Arithmetic>::Placement> {
        self.0.placement()
    }
}

/// A network whose output for one sample has no batch axis, or another one in front of it, as one whose output has it.
pub(super) struct OneOutput<B: Backend>(pub(super) Box<dyn Differentiable<Backend = B>>);

impl<B: Backend> Differentiable for OneOutput<B> {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        for input in inputs {
            let shape = input.shape()?;
            if shape.first() != Some(&1) {
                return Err(Error::InvalidShape {
                    what: "input".into(),
                    got: shape,
                    reason: "with --one-sample the network takes one sample at a time".into(),
                });
            }
        }
        let output = self.0.trace(inputs)?;
        let shape = output.shape()?;
        Ok(output.reshape(&[&[1], &shape[..]].concat()))
    }

    fn placement(&self) -> Option<<B as Arithmetic>::Placement> {
        self.0.placement()
    }
}
