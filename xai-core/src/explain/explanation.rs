//! What an analysis returns.

use std::fmt;

use ndarray::{Array, ArrayD, Dimension, IxDyn};

use super::{Dims, Selection};
use crate::{Backend, Element, Tensor};

/// What the values of an explanation mean: the preset for pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// How strongly the output reacts to the input: a gradient. Signed, in output units per input unit.
    Sensitivity,
    /// How much each input element contributed to the output. Signed, in output units.
    Attribution,
    /// A class activation map: not negative, one channel, at the size of the feature maps.
    Cam,
    /// How much the output depends on each input element: not negative, without a unit.
    Importance,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Sensitivity => "sensitivity",
            Kind::Attribution => "attribution",
            Kind::Cam => "cam",
            Kind::Importance => "importance",
        })
    }
}

impl std::str::FromStr for Kind {
    type Err = crate::Error;
    fn from_str(name: &str) -> crate::Result<Self> {
        [Kind::Sensitivity, Kind::Attribution, Kind::Cam, Kind::Importance]
            .into_iter()
            .find(|kind| kind.to_string() == name)
            .ok_or_else(|| crate::Error::InvalidParameter {
                name: "kind",
                value: name.to_owned(),
                reason: "it must be sensitivity, attribution, cam or importance".into(),
            })
    }
}

/// What an analyzer found out beside the values.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Extras {
    /// Σ attribution - (f(x) - f(x₀)) for each sample, where the analyzer follows a path from a reference x₀.
    ///
    /// The exact path integral has a gap of 0 (completeness, Sundararajan et al. 2017).
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
    /// How much of it did not, y - Σ R: what biases, stabilisers and inputs that are not explained have kept.
    pub relevance_kept: Option<Vec<f64>>,
    /// For each sample the value of each feature, where numbers are explained in groups
    /// ([`Features`](crate::Features)): the values have it at every number of the feature.
    pub feature_values: Option<Vec<Vec<f64>>>,
    /// For each sample the standard error of each feature's value, where values are estimated by sampling.
    pub standard_error: Option<Vec<Vec<f64>>>,
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

/// An analyzer's result where the model lives.
#[derive(Debug, Clone)]
pub struct Attribution<B: Backend> {
    /// The values of each explained input, batch axis first.
    pub values: Vec<Tensor<B>>,
    /// The model's output on the clean input.
    pub output: Tensor<B>,
    /// Which output was explained, one index per sample.
    pub selection: Selection,
    /// What else there is to say.
    pub extras: Extras,
}

/// Why the model decided so: an analyzer's result as ndarray arrays.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Explanation<E: Element, D: Dims<E> = IxDyn> {
    /// The values, batch axis first: the input's shape, or (B, 1, spatial axes...) for class activation maps. As
    /// computed: neither normalised nor resized. Of several inputs a tuple, as they were given.
    pub values: D::Values,
    /// The model's output on the clean input, batch axis first.
    pub output: ArrayD<E>,
    /// Which output was explained, for each sample.
    pub selection: Selection,
    /// The analyzer's name.
    pub analyzer: String,
    /// What the values mean.
    pub kind: Kind,
    /// What else the analyzer has to say.
    pub extras: Extras,
}

impl<E: Element, D: Dimension> Explanation<E, D> {
    /// Puts an explanation together, as a reader of files does.
    pub fn new(
        values: Array<E, D>,
        output: ArrayD<E>,
        selection: Selection,
        analyzer: impl Into<String>,
        kind: Kind,
        extras: Extras,
    ) -> Self {
        Explanation { values, output, selection, analyzer: analyzer.into(), kind, extras }
    }

    /// The same explanation with a dynamic dimension.
    pub fn into_dyn(self) -> Explanation<E, IxDyn> {
        let values: Array<E, D> = self.values;
        Explanation {
            values: values.into_dyn(),
            output: self.output,
            selection: self.selection,
            analyzer: self.analyzer,
            kind: self.kind,
            extras: self.extras,
        }
    }
}
