//! What an analyzer says beside the values: [`Extras`].

use ndarray::{ArrayD, Axis};

use super::Note;
use crate::Element;

/// What an analyzer found out beside the values.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, IntegratedGradients, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = IntegratedGradients::new().tolerance(0.05).analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert_eq!(why.extras.within_tolerance, Some(vec![true]));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Extras {
    /// Σ attribution - (f(x) - f(x₀)) for each sample, where the analyzer follows a path from a reference x₀.
    ///
    /// The exact path integral has a gap of 0 (completeness, Sundararajan et al. 2017).
    #[doc(alias("convergence_delta", "delta"))]
    pub completeness_gap: Option<Vec<f64>>,
    /// How many evaluations of the model each sample took, where a tolerance decided it, or masks.
    pub evaluations: Option<Vec<usize>>,
    /// The estimated relative error of each sample's values, ‖Â - A‖₂ / ‖A‖₂, where there was a tolerance; of means
    /// over draws, as of noise or of references, the standard error ‖SE‖₂ / ‖A‖₂.
    pub estimated_error: Option<Vec<f64>>,
    /// Whether the tolerance was met for each sample. False where the limit on evaluations came first.
    pub within_tolerance: Option<Vec<bool>>,
    /// How much of each sample's explained output arrived at the explained inputs, Σ R, where relevance is propagated.
    pub relevance_arrived: Option<Vec<f64>>,
    /// How much of it did not: y - Σ R, or 1 - Σ R where relevance begins with 1. One number, of either sign, with all
    /// that steps on the way kept, or gave out beyond what came to them:
    ///
    /// - the shares of what is no input: biases, shifts of norms, constants that are added, f(0) of activations, and
    ///   inputs that are not explained;
    /// - what stabilises: ε of its rule, and next to nothing of other denominators;
    /// - what a step by its gradient is off its value, f(x) - x · ∂f/∂x: a softmax inside of a network, and steps
    ///   without a rule where their gradient was asked for;
    /// - what a rule does not conserve: by z⁺ the relevance of a unit without a positive contribution; by αβ 1 - α
    ///   times that of a unit without a negative one, and α times that of a unit without a positive one;
    /// - channels that a condition leaves out.
    ///
    /// By LRP-0 of affine layers, batch norms, rectifiers and poolings it is the share of the biases and shifts, and
    /// nothing else: [`FullGrad::decompose`](crate::FullGrad::decompose) tells that of each.
    pub relevance_kept: Option<Vec<f64>>,
    /// For each sample the value of each feature, where numbers are explained in groups
    /// ([`Features`](crate::Features)): the values have it at every number of the feature.
    pub feature_values: Option<Vec<Vec<f64>>>,
    /// For each sample the standard error of each feature's value, where values are estimated by sampling.
    pub standard_error: Option<Vec<Vec<f64>>>,
    /// What its asker should know, of the whole batch.
    pub notes: Vec<Note>,
}

/// Sums of rows, which have to be as long as each other.
fn sum_of_rows(rows: impl IntoIterator<Item = Vec<f64>>) -> Option<Vec<f64>> {
    rows.into_iter().map(Some).reduce(|sum, row| {
        let (mut sum, row) = (sum?, row?);
        (sum.len() == row.len()).then(|| {
            sum.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value);
            sum
        })
    })?
}

impl Extras {
    /// Above this share of the change of the output, a completeness gap is large: 0.1.
    pub const LARGE_GAP: f64 = 0.1;

    /// Up to this share of the values' length ‖A‖₂ a gap is small, whatever the change is: of values that nearly cancel
    /// each other, what the sums are off is no measure.
    const ROUNDING: f64 = 0.01;

    /// The change of the output that one sample's values are shares of, where its completeness gap is large beside it:
    /// more than [`LARGE_GAP`](Extras::LARGE_GAP) of it.
    ///
    /// A gap up to a hundredth of the values' length ‖A‖₂, or a tenth where a tolerance was set and met, is never
    /// large: of values that nearly cancel each other, the change alone is no measure. Where numbers are explained in
    /// groups, those of [`feature_values`](Extras::feature_values) are taken in place of `values`, which have a group's
    /// value at each of its numbers, while it is shared out once.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, IntegratedGradients, NdArray, Net, Note};
    ///
    /// // All of the change is at the end of the path, where two points give it half the weight.
    /// let steep = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 9.0 });
    /// let why = IntegratedGradients::new().n(2).analyze(&steep, &array![[1.0]], 0)?;
    /// assert_eq!(why.extras.missed_change(0, why.values), Some(1.0));
    /// assert_eq!(why.extras.notes, [Note::LargeGap { sample: 0, gap: 3.5, change: 1.0 }]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn missed_change(&self, sample: usize, values: impl IntoIterator<Item = f64>) -> Option<f64> {
        let gap = *self.completeness_gap.as_ref()?.get(sample)?;
        let measured = |(sum, length): (f64, f64), value: f64| (sum + value, length.hypot(value));
        let (sum, length) = match self.feature_values.as_ref().and_then(|features| features.get(sample)) {
            Some(features) => features.iter().copied().fold((0.0, 0.0), measured),
            None => values.into_iter().fold((0.0, 0.0), measured),
        };
        let change = sum - gap;
        // Whoever set a tolerance, which is measured beside the values too, has it.
        let is_met = self.within_tolerance.as_ref().and_then(|within| within.get(sample)) == Some(&true);
        let share = if is_met { Self::LARGE_GAP } else { Self::ROUNDING };
        (gap.abs() > (Self::LARGE_GAP * change.abs()).max(share * length)).then_some(change)
    }

    /// A note where gaps are large, of the sample whose gap is the largest of them.
    pub(crate) fn note_gaps<E: Element>(&mut self, values: &[ArrayD<E>]) {
        let gaps = self.completeness_gap.iter().flatten().copied().enumerate();
        let missed = gaps.filter_map(|(sample, gap)| {
            let own = values.iter().filter(|values| values.shape().first().is_some_and(|rows| *rows > sample));
            let own = own.flat_map(|values| values.index_axis(Axis(0), sample).into_iter().map(|v| v.as_f64()));
            Some(Note::LargeGap { sample, gap, change: self.missed_change(sample, own)? })
        });
        let size = |note: &Note| if let Note::LargeGap { gap, .. } = note { gap.abs() } else { 0.0 };
        let worst = missed.max_by(|a, b| size(a).total_cmp(&size(b)));
        self.notes.extend(worst);
    }

    /// The extras of parts of a batch, one after another. What one part lacks, all lack.
    pub(crate) fn joined(parts: impl IntoIterator<Item = Extras>) -> Extras {
        fn append<T>(all: Option<Vec<T>>, part: Option<Vec<T>>) -> Option<Vec<T>> {
            all.zip(part).map(|(mut all, part)| {
                all.extend(part);
                all
            })
        }
        let joined = parts.into_iter().reduce(|all, part| Extras {
            completeness_gap: append(all.completeness_gap, part.completeness_gap),
            evaluations: append(all.evaluations, part.evaluations),
            estimated_error: append(all.estimated_error, part.estimated_error),
            within_tolerance: append(all.within_tolerance, part.within_tolerance),
            relevance_arrived: append(all.relevance_arrived, part.relevance_arrived),
            relevance_kept: append(all.relevance_kept, part.relevance_kept),
            feature_values: append(all.feature_values, part.feature_values),
            standard_error: append(all.standard_error, part.standard_error),
            notes: all.notes,
        });
        joined.unwrap_or_default()
    }

    /// The extras of `weights.len()` copies of each sample, which stand sample by sample, as those of their weighted
    /// mean: gaps, features' values and errors are averaged (the mean's error is at most that), evaluations add up, and
    /// the tolerance is met where all copies met it. Of copies with other features there is no mean over those.
    pub(crate) fn averaged(self, weights: &[f64]) -> Extras {
        let copies = weights.len().max(1);
        let mean = |numbers: Option<Vec<f64>>| {
            let mean = |copies: &[f64]| copies.iter().zip(weights).map(|(number, weight)| number * weight).sum();
            numbers.map(|numbers| numbers.chunks(copies).map(mean).collect())
        };
        let mean_of_rows = |rows: Option<Vec<Vec<f64>>>| -> Option<Vec<Vec<f64>>> {
            let scaled = |(row, weight): (&Vec<f64>, &f64)| row.iter().map(|value| value * weight).collect();
            let mean = |copies: &[Vec<f64>]| sum_of_rows(copies.iter().zip(weights).map(scaled));
            rows?.chunks(copies).map(mean).collect()
        };
        Extras {
            completeness_gap: mean(self.completeness_gap),
            evaluations: self.evaluations.map(|n| n.chunks(copies).map(|n| n.iter().sum()).collect()),
            estimated_error: mean(self.estimated_error),
            within_tolerance: self.within_tolerance.map(|w| w.chunks(copies).map(|w| w.iter().all(|&w| w)).collect()),
            relevance_arrived: mean(self.relevance_arrived),
            relevance_kept: mean(self.relevance_kept),
            feature_values: mean_of_rows(self.feature_values),
            standard_error: mean_of_rows(self.standard_error),
            notes: self.notes,
        }
    }

    /// The extras of two parts of a weighted mean.
    pub(crate) fn added(self, other: Extras) -> Extras {
        fn both<T>(a: Option<Vec<T>>, b: Option<Vec<T>>, of: impl Fn(T, T) -> T) -> Option<Vec<T>> {
            a.zip(b).map(|(a, b)| a.into_iter().zip(b).map(|(a, b)| of(a, b)).collect())
        }
        let rows = |a: Option<Vec<Vec<f64>>>, b: Option<Vec<Vec<f64>>>| -> Option<Vec<Vec<f64>>> {
            a?.into_iter().zip(b?).map(|(a, b)| sum_of_rows([a, b])).collect()
        };
        Extras {
            completeness_gap: both(self.completeness_gap, other.completeness_gap, |a, b| a + b),
            evaluations: both(self.evaluations, other.evaluations, |a, b| a + b),
            estimated_error: both(self.estimated_error, other.estimated_error, |a, b| a + b),
            within_tolerance: both(self.within_tolerance, other.within_tolerance, |a, b| a && b),
            relevance_arrived: both(self.relevance_arrived, other.relevance_arrived, |a, b| a + b),
            relevance_kept: both(self.relevance_kept, other.relevance_kept, |a, b| a + b),
            feature_values: rows(self.feature_values, other.feature_values),
            standard_error: rows(self.standard_error, other.standard_error),
            notes: self.notes,
        }
    }

    /// Those of one sample.
    pub(crate) fn sample(&self, sample: usize) -> Extras {
        fn of<T: Clone>(all: Option<&Vec<T>>, sample: usize) -> Option<Vec<T>> {
            all.and_then(|all| all.get(sample)).map(|one| vec![one.clone()])
        }
        Extras {
            completeness_gap: of(self.completeness_gap.as_ref(), sample),
            evaluations: of(self.evaluations.as_ref(), sample),
            estimated_error: of(self.estimated_error.as_ref(), sample),
            within_tolerance: of(self.within_tolerance.as_ref(), sample),
            relevance_arrived: of(self.relevance_arrived.as_ref(), sample),
            relevance_kept: of(self.relevance_kept.as_ref(), sample),
            feature_values: of(self.feature_values.as_ref(), sample),
            standard_error: of(self.standard_error.as_ref(), sample),
            notes: self.notes.iter().filter_map(|note| note.of_sample(sample)).collect(),
        }
    }

    /// What still holds of the squares of what these belong to.
    pub(crate) fn of_squares(self) -> Extras {
        Extras { evaluations: self.evaluations, within_tolerance: self.within_tolerance, ..Extras::default() }
    }

    /// With the error that a mean over draws has, beside the one that each draw has of its own. Where all draws share
    /// that one, the two are of independent causes, and their squares add up.
    pub(crate) fn with_error_of_mean(mut self, own: Option<Vec<f64>>) -> Extras {
        self.estimated_error = match (own, self.estimated_error.take()) {
            (Some(own), Some(inner)) => Some(own.iter().zip(inner).map(|(own, inner)| own.hypot(inner)).collect()),
            (own, inner) => own.or(inner),
        };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_large_beside_what_is_shared_out() {
        let missed = |gap: f64, values: [f64; 2]| {
            Extras { completeness_gap: Some(vec![gap]), ..Extras::default() }.missed_change(0, values)
        };
        assert_eq!(missed(0.2, [3.0, 1.0]), None);
        assert_eq!(missed(-1.0, [3.0, 1.0]), Some(5.0));
        // The length is ten times the change, which alone says how much is missing.
        assert_eq!(missed(1.0, [30.0, -25.0]), Some(4.0));
        // They cancel each other, up to what sums are off.
        assert_eq!(missed(0.04, [3.0, -2.9]), None);
        assert_eq!(missed(0.0, [0.0, 0.0]), None);
        // Nor has every sample one.
        assert_eq!(Extras::default().missed_change(0, [1.0]), None);
    }

    #[test]
    fn a_group_is_shared_out_once() {
        // A group of three numbers, and one of one: 2 + 1 is all of 3, though the values add up to 7.
        let feature_values = Some(vec![vec![2.0, 1.0]]);
        let mut extras = Extras { completeness_gap: Some(vec![0.2]), feature_values, ..Extras::default() };
        let values = [2.0, 2.0, 2.0, 1.0];
        assert_eq!(extras.missed_change(0, values), None);
        extras.completeness_gap = Some(vec![0.5]);
        assert_eq!(extras.missed_change(0, values), Some(2.5));
        extras.note_gaps(&[ndarray::arr2(&[values]).into_dyn()]);
        assert_eq!(extras.notes, [Note::LargeGap { sample: 0, gap: 0.5, change: 2.5 }]);
    }

    #[test]
    fn the_worst_gap_of_a_batch_is_a_note_of_its_sample() {
        let gaps = Some(vec![0.0, 5.0, -7.0]);
        let mut extras = Extras { completeness_gap: gaps, ..Extras::default() };
        extras.note_gaps(&[ndarray::array![[1.0], [2.0], [1.0]].into_dyn()]);
        assert_eq!(extras.notes, [Note::LargeGap { sample: 2, gap: -7.0, change: 8.0 }]);
        assert_eq!(extras.sample(1).notes, []);
        assert_eq!(extras.sample(2).notes, [Note::LargeGap { sample: 0, gap: -7.0, change: 8.0 }]);
    }
}
