//! Why one output and not those like it.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

use super::selector::{MaxActivation, OutputSelector, check_batch};
use super::{OutputScale, Selection};
use crate::{Element, Error, Result};

/// Why one class and not those that are nearest to it: z_c - α · Σⱼ pⱼ zⱼ / Σⱼ pⱼ, over the `n` classes j whose scores
/// are nearest to that of class c, with p the softmax of the scores.
///
/// What is alike in the classes goes out of the explanation; what tells them apart stays. The weights p are those of
/// the clean input, and constant. It is a selector for any analyzer: of a class activation map it makes FinerCAM. The
/// scores are the outputs along axis 1, logits: at the same place of the other axes, where there are some. Of scores
/// that are equally near, the first.
///
/// Defaults: α = 1, n = 3.
///
/// Errors: [`Error::InvalidParameter`] for an α that is not finite, for n = 0, and for n of as many classes as there
/// are or more; [`Error::Unsupported`] over a selector that chooses a weighted sum, or another scale than the scores'.
///
/// Reference: Zhang, Gu, Chowdhury, Mai, Carlyn, Berger-Wolf, Su, Chao (2025), *Finer-CAM: Spotting the Difference
/// Reveals Finer Details for
/// Visual Explanation*, arXiv:2501.11309.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{Finer, Index, OutputSelector};
///
/// // Of class 0, with the one class that is nearest to it.
/// let finer = Finer::new(Index(0)).n(1).alpha(0.5);
/// let selection = finer.select(array![[3.0, 0.0, 2.0]].view().into_dyn())?;
/// assert_eq!(selection.weights_of_sums(), Some(array![[1.0, 0.0, -0.5]].into_dyn()));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finer<S = MaxActivation> {
    of: S,
    alpha: f64,
    n: usize,
}

impl Default for Finer {
    fn default() -> Self {
        Finer::new(MaxActivation)
    }
}

impl<S> Finer<S> {
    /// The class that another selector chooses, against the three nearest.
    pub fn new(of: S) -> Self {
        Finer { of, alpha: 1.0, n: 3 }
    }

    /// How much the others count, 1 unless set.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// How many others, 3 unless set.
    #[must_use]
    pub fn n(mut self, n: usize) -> Self {
        self.n = n;
        self
    }

    /// The weights of the classes, for their scores.
    fn weights(&self, scores: &[f64], class: usize) -> Vec<f64> {
        let mut others: Vec<usize> = (0..scores.len()).filter(|&j| j != class).collect();
        let gap = |j: usize| (scores[j] - scores[class]).abs();
        others.sort_by(|&a, &b| gap(a).total_cmp(&gap(b)));
        others.truncate(self.n);
        let most = others.iter().map(|&j| scores[j]).fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = others.iter().map(|&j| (scores[j] - most).exp()).collect();
        let sum: f64 = powers.iter().sum();
        let mut weights = vec![0.0; scores.len()];
        weights[class] = 1.0;
        others.iter().zip(powers).for_each(|(&j, power)| weights[j] = -self.alpha * power / sum);
        weights
    }
}

impl<E: Element, S: OutputSelector<E>> OutputSelector<E> for Finer<S> {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Selection> {
        check_batch(output.shape())?;
        let refused =
            |name: &'static str, value: String, reason: String| Err(Error::InvalidParameter { name, value, reason });
        if !self.alpha.is_finite() {
            return refused("alpha", self.alpha.to_string(), "it must be finite".into());
        }
        let classes = output.shape().get(1).copied().unwrap_or(0);
        if self.n == 0 || self.n >= classes {
            let reason = format!("a class is compared with 1 to {} others", classes.saturating_sub(1));
            return refused("n", self.n.to_string(), reason);
        }
        let selection = self.of.select(output.view())?;
        selection.check(output.shape())?;
        if self.of.scale() != OutputScale::AsIs || selection.indices().len() != output.shape()[0] {
            return Err(Error::Unsupported {
                analyzer: "Finer".into(),
                reason: "it compares one output of each sample with others, by their scores as they are".into(),
            });
        }
        let mut weights = ArrayD::<f64>::zeros(output.raw_dim());
        for ((scores, mut to), index) in
            output.axis_iter(Axis(0)).zip(weights.axis_iter_mut(Axis(0))).zip(selection.indices())
        {
            let mut at = index.clone();
            let mut place = |class: usize| {
                at[0] = class;
                IxDyn(&at)
            };
            let scores: Vec<f64> = (0..classes).map(|class| scores[place(class)].as_f64()).collect();
            for (class, weight) in self.weights(&scores, index[0]).into_iter().enumerate() {
                to[place(class)] = weight;
            }
        }
        Ok(Selection::weights(&weights))
    }
}
