//! What is known about an operation: [`Operation`].

use crate::{Arithmetic, Error, Result, Weight};

/// All facts about one kind of operation, in one place; its arithmetic on plain arrays stands in `host/`.
pub trait Operation<B: Arithmetic> {
    /// The same kind of operation on another backend.
    type On<C: Arithmetic>: Operation<C>;

    /// The operation's name, for messages: its struct's.
    const NAME: &'static str;

    /// The output's shape for the inputs' shapes, with everything checked: the inputs against the weights and each
    /// other, and every parameter.
    ///
    /// # Errors
    /// [`Error::InvalidShape`], [`Error::Shape`] and [`Error::InvalidParameter`].
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>>;

    /// True when the output is affine in those inputs that vary, all of them together.
    fn is_affine(&self, varies: &[bool]) -> bool {
        let _ = varies;
        false
    }

    /// True when a gradient goes back to this input; false for one that chooses by whole numbers.
    fn is_differentiable(&self, input: usize) -> bool {
        let _ = input;
        true
    }

    /// The weights that it holds.
    fn weights(&self) -> Vec<&Weight<B>> {
        Vec::new()
    }

    /// Where its inputs have to be brought, if it knows: where its weights are.
    fn placement(&self) -> Option<B::Placement> {
        self.weights().first().map(|weight| weight.placement())
    }

    /// The same operation with other weights, also those of another backend.
    ///
    /// # Errors
    /// Those of `bring`.
    fn with_weights<C: Arithmetic>(
        &self,
        bring: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>,
    ) -> Result<Self::On<C>>;
}

/// The shape of the only input.
pub(super) fn only<'s>(name: &'static str, inputs: &[&'s [usize]]) -> Result<&'s [usize]> {
    takes::<1>(name, inputs).map(|[input]| input)
}

/// The shapes of so many inputs.
pub(super) fn takes<'s, const N: usize>(name: &'static str, inputs: &[&'s [usize]]) -> Result<[&'s [usize]; N]> {
    <[&[usize]; N]>::try_from(inputs).map_err(|_| Error::InvalidParameter {
        name: "inputs",
        value: inputs.len().to_string(),
        reason: format!("{name} takes {N}"),
    })
}

/// An operation of one input, without weights, with an `output_shape` of its own.
macro_rules! plain_operation {
    ($kind:ident, affine: $affine:expr) => {
        impl<B: crate::Arithmetic> super::operation::Operation<B> for $kind {
            type On<C: crate::Arithmetic> = Self;
            const NAME: &'static str = stringify!($kind);
            fn output_of(&self, inputs: &[&[usize]]) -> crate::Result<Vec<usize>> {
                self.output_shape(super::operation::only(stringify!($kind), inputs)?)
            }
            fn is_affine(&self, _: &[bool]) -> bool {
                $affine
            }
            fn with_weights<C: crate::Arithmetic>(
                &self,
                _: &mut dyn FnMut(&crate::Weight<B>) -> crate::Result<crate::Weight<C>>,
            ) -> crate::Result<Self::On<C>> {
                Ok(self.clone())
            }
        }
    };
}
pub(super) use plain_operation;
