//! The output to explain: still to be chosen, or chosen.

use std::fmt;

use crate::{Backend, Element, OutputSelector, Result, Selection, Tensor};

/// The output to explain: still to be chosen from the clean input's output, or chosen before.
#[derive(Clone, Copy)]
pub enum Target<'a, E> {
    /// To be chosen from the output on the input at hand.
    Choose(&'a dyn OutputSelector<E>),
    /// Chosen before: wrappers hand on what was chosen on the clean input.
    Chosen(&'a Selection),
}

impl<E: Element> Target<'_, E> {
    /// The selection, given the output on the input at hand. The output is downloaded only if a choice is still to be
    /// made.
    ///
    /// # Errors
    /// The selector's own, and those of [`Selection::new`].
    pub fn settle<B: Backend<Elem = E>>(&self, output: &Tensor<B>) -> Result<Selection> {
        let shape = output.shape();
        let indices = match self {
            Target::Chosen(selection) => selection.indices().to_vec(),
            // Without a batch axis there is nothing to select from, as is said below.
            Target::Choose(_) if shape.is_empty() => vec![],
            Target::Choose(selector) => selector.select(output.download()?.view())?,
        };
        Selection::new(indices, &shape)
    }
}

impl<E> fmt::Debug for Target<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Choose(_) => f.write_str("Choose(..)"),
            Target::Chosen(selection) => f.debug_tuple("Chosen").field(selection).finish(),
        }
    }
}

impl Selection {
    /// The cotangent that picks the selected outputs out of `output`: 1 there, 0 elsewhere.
    ///
    /// # Errors
    /// The framework's own.
    pub fn cotangent<B: Backend>(&self, output: &Tensor<B>) -> Result<Tensor<B>> {
        let shape = output.shape();
        Tensor::one_hot(&shape, &self.places(&shape), &output.placement())
    }
}
