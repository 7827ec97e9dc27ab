//! Analyzers that compare the input with a reference: [`FromReference`].

use crate::explain::{Analyzer, Attribution, Call};
use crate::{Backend, Differentiable, Error, Result, Tensor};

/// An analyzer that compares the input with a reference, of its own or of the caller's.
///
/// With it, [`OverReferences`](crate::OverReferences) takes the mean over a set of references. Every row of a call may
/// have another reference, so that many go through the model in one pass.
pub trait FromReference<M: Differentiable + ?Sized>: Analyzer<M> {
    /// As [`attribute`](Analyzer::attribute), with these references in place of the analyzer's own: for each explained
    /// input a tensor of its shape, a reference for each row.
    ///
    /// # Errors
    /// The analyzer's and the model's own.
    fn attribute_from(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        references: &[Tensor<M::Backend>],
    ) -> Result<Attribution<M::Backend>>;
}

macro_rules! through {
    ($($pointer:ty),*) => {$(
        impl<M: Differentiable + ?Sized, A: FromReference<M> + ?Sized> FromReference<M> for $pointer {
            fn attribute_from(
                &self,
                model: &M,
                call: &Call<'_, M::Backend>,
                references: &[Tensor<M::Backend>],
            ) -> Result<Attribution<M::Backend>> {
                (**self).attribute_from(model, call, references)
            }
        }
    )*};
}
through!(&A, Box<A>, std::sync::Arc<A>);

/// A reference for each row of each explained input.
pub(super) fn check_references<B: Backend>(call: &Call<'_, B>, references: &[Tensor<B>]) -> Result<()> {
    let explained = call.explained_inputs().count();
    if references.len() != explained {
        return Err(Error::InvalidParameter {
            name: "references",
            value: references.len().to_string(),
            reason: format!("{explained} input(s) are explained: each needs one"),
        });
    }
    let mut pairs = call.explained_inputs().zip(references);
    pairs.try_for_each(|(x, reference)| Error::check_shape("references", &x.shape(), &reference.shape()))
}
