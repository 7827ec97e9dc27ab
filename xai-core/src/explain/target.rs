//! The output to explain: still to be chosen, or chosen.

use std::fmt;

use super::rows::check_rows;
use super::{OutputScale, OutputSelector, Selection};
use crate::{Backend, Element, Result, Tensor};

/// The output to explain: still to be chosen from the clean input's output, or chosen before.
///
/// ```
/// # use xai_core as xai;
/// use xai::{Index, Selection, Target};
///
/// let chosen = Selection::from(vec![vec![3]]);
/// let targets = [Target::<f32>::Choose(&Index(3)), Target::Chosen(&chosen)];
/// ```
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
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::arr2;
    /// use xai::{MaxActivation, NdArray, Target, Tensor};
    ///
    /// let tensor = |numbers: [f64; 2]| Tensor::<NdArray<f64>>::upload(arr2(&[numbers]).view().into_dyn(), &());
    /// let chosen = Target::Choose(&MaxActivation).settle(&tensor([0.2, 0.8])?)?;
    /// // On a noisy copy it stays what it was.
    /// assert_eq!(Target::Chosen(&chosen).settle(&tensor([0.9, 0.1])?)?, chosen);
    /// assert_eq!(chosen.indices(), [[1]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn settle<B: Backend<Elem = E>>(&self, output: &Tensor<B>) -> Result<Selection> {
        let shape = output.shape();
        let selection = match self {
            Target::Chosen(selection) => (*selection).clone(),
            // Without a batch axis there is nothing to select from, as is said below.
            Target::Choose(_) if shape.is_empty() => Vec::new().into(),
            Target::Choose(selector) => selector.select(output.download()?.view())?.at_scale(selector.scale()),
        };
        selection.check(&shape)?;
        Ok(selection)
    }

    /// What is made of the output before anything of it is chosen.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{MaxActivation, OutputScale, Probability, Target};
    ///
    /// assert_eq!(Target::<f32>::Choose(&Probability(MaxActivation)).scale(), OutputScale::Probability);
    /// ```
    pub fn scale(&self) -> OutputScale {
        match self {
            Target::Choose(selector) => selector.scale(),
            Target::Chosen(selection) => selection.scale(),
        }
    }

    /// As [`settle`](Target::settle), for the output of these inputs: a row for each.
    pub(crate) fn settle_for<B: Backend<Elem = E>>(
        &self,
        inputs: &[Tensor<B>],
        output: &Tensor<B>,
    ) -> Result<Selection> {
        if let Some(input) = inputs.first() {
            check_rows(input, output)?;
        }
        self.settle(output)
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
