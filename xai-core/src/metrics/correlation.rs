//! Whether what is taken away changes the output by as much as its values say: [`FaithfulnessCorrelation`] and
//! [`SensitivityN`].

use ndarray::Array2;

use super::metric::Metric;
use super::perturbed::{Perturbation, perturbation_builders};
use super::scored::Scored;
use super::scores::{Better, Curve, Scores};
use super::sets::{check_share, random_sets, set_builders, similarity, size};
use super::similarity::Similarity;
use super::statistics::count;
use crate::masks::Fill;
use crate::passes::{MOST_COPIES, at_least, within};
use crate::{Backend, Result};

/// Faithfulness correlation: over random sets S of features, how the sum of their values Σ_S a goes with the fall of
/// the output, y(x) - y(x without S).
///
/// 1 for values that are the features' effects, as those of a linear model are; higher is better. Where one of the two
/// does not vary there is no correlation, and the score is 0. Defaults: 100 sets of a tenth of the features, absent
/// ones zeros, Pearson's correlation; seed 0. With Spearman's, a grid of 9 × 9 and a share of 0.2 it is μFidelity (Fel
/// et al. 2021). It costs as many forward passes as there are sets.
///
/// Errors: [`Error::InvalidParameter`](crate::Error::InvalidParameter) for fewer than 2 sets and shares outside of (0,
/// 1].
///
/// Reference: Bhatt, Weller, Moura (2020), *Evaluating and Aggregating Feature-based Model Explanations*,
/// arXiv:2005.00631.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{FaithfulnessCorrelation, Metric, Similarity};
/// use xai::nn::{Linear, Sequential};
/// use xai::{InputTimesGradient, NdArray, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push(Linear::new(weight, None)?);
/// // Pairs of the three features, whose values are what the output loses without them.
/// let pairs = FaithfulnessCorrelation::new().n(20).share(0.6).similarity(Similarity::Spearman).seed(1);
/// let scores = pairs.of_analyzer(&net, &array![[2.0, 2.0, 2.0]], 0, &InputTimesGradient)?;
/// assert_eq!(scores.values, [1.0]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FaithfulnessCorrelation {
    perturbation: Perturbation,
    n: usize,
    share: f64,
    similarity: Similarity,
    seed: u64,
}

impl FaithfulnessCorrelation {
    /// By 100 sets of a tenth of the features.
    pub fn new() -> Self {
        let perturbation = Perturbation::new(Fill::default());
        FaithfulnessCorrelation { perturbation, n: 100, share: 0.1, similarity: Similarity::Pearson, seed: 0 }
    }

    /// The share of the features that a set has; at least one feature.
    #[must_use]
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Which correlation.
    #[must_use]
    pub fn similarity(mut self, similarity: Similarity) -> Self {
        self.similarity = similarity;
        self
    }

    perturbation_builders!();
    set_builders!();
}

impl Default for FaithfulnessCorrelation {
    fn default() -> Self {
        Self::new()
    }
}

/// Sensitivity-n: the faithfulness correlation for sets of several sizes; the score is its mean, the curve has each.
///
/// As in the paper the correlation is over random sets of one size, for each sample by itself. Defaults: the sizes 1,
/// and 10 %, 20 % to 90 % of the features, 100 sets of each, absent ones zeros; seed 0. Higher is better.
///
/// Errors: as for [`FaithfulnessCorrelation`].
///
/// Reference: Ancona, Ceolini, Öztireli, Gross (2018), *Towards better understanding of gradient-based attribution
/// methods for Deep Neural Networks*, arXiv:1711.06104.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Metric, SensitivityN};
/// use xai::nn::{Linear, Sequential};
/// use xai::{InputTimesGradient, NdArray, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push(Linear::new(weight, None)?);
/// let sets = SensitivityN::new().n(20).shares([0.3, 0.6]).seed(1);
/// let scores = sets.of_analyzer(&net, &array![[2.0, 2.0, 2.0]], 0, &InputTimesGradient)?;
/// let curve = scores.curve.expect("a point for each size");
/// // Of three features sets of one and of two.
/// assert_eq!((curve.at, curve.y), (vec!["1".to_owned(), "2".to_owned()], array![[1.0, 1.0]]));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SensitivityN {
    perturbation: Perturbation,
    n: usize,
    shares: Vec<f64>,
    seed: u64,
}

impl SensitivityN {
    /// By 100 sets of each size, from one feature to 90 %.
    pub fn new() -> Self {
        let shares = std::iter::once(f64::MIN_POSITIVE).chain((1..10).map(|tenth| f64::from(tenth) / 10.0)).collect();
        SensitivityN { perturbation: Perturbation::new(Fill::default()), n: 100, shares, seed: 0 }
    }

    /// The sets' sizes, as shares of the features; at least one feature.
    #[must_use]
    pub fn shares(mut self, shares: impl Into<Vec<f64>>) -> Self {
        self.shares = shares.into();
        self
    }

    perturbation_builders!();
    set_builders!();
}

impl Default for SensitivityN {
    fn default() -> Self {
        Self::new()
    }
}

impl<B: Backend> Metric<B> for FaithfulnessCorrelation {
    fn name(&self) -> String {
        "faithfulness correlation".into()
    }

    fn better(&self) -> Better {
        Better::Higher
    }

    fn check(&self, input: &[usize]) -> Result<()> {
        within("n", self.n, 2, MOST_COPIES)?;
        check_share("share", self.share)?;
        self.perturbation.check(input)
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        self.perturbation.with(
            on,
            |_| self.n,
            |masked, values| {
                let (sums, falls) =
                    random_sets(masked, &values, self.n, size(self.share, masked.features()), self.seed)?;
                let rows = sums.rows().into_iter().zip(falls.rows());
                Ok(rows.map(|(sums, falls)| similarity(self.similarity, sums, falls)).collect::<Vec<_>>().into())
            },
        )
    }
}

impl<B: Backend> Metric<B> for SensitivityN {
    fn name(&self) -> String {
        "sensitivity-n".into()
    }

    fn better(&self) -> Better {
        Better::Higher
    }

    fn check(&self, input: &[usize]) -> Result<()> {
        within("n", self.n, 2, MOST_COPIES)?;
        at_least("shares", self.shares.len(), 1)?;
        self.shares.iter().try_for_each(|&share| check_share("shares", share))?;
        self.perturbation.check(input)
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        let sizes_of = |features: usize| {
            // Each once, in the order of the shares.
            let mut sizes: Vec<usize> = Vec::new();
            for size in self.shares.iter().map(|&share| size(share, features)) {
                if !sizes.contains(&size) {
                    sizes.push(size);
                }
            }
            sizes
        };
        let masks = |features| sizes_of(features).len().saturating_mul(self.n);
        self.perturbation.with(on, masks, |masked, values| {
            let sizes = sizes_of(masked.features());
            let mut y = Array2::zeros((on.samples(), sizes.len()));
            for (&size, mut column) in sizes.iter().zip(y.columns_mut()) {
                let (sums, falls) = random_sets(masked, &values, self.n, size, self.seed)?;
                let rows = sums.rows().into_iter().zip(falls.rows()).zip(&mut column);
                rows.for_each(|((sums, falls), y)| *y = similarity(Similarity::Pearson, sums, falls));
            }
            let values = y.rows().into_iter().map(|row| row.sum() / count(row.len())).collect();
            let at = sizes.iter().map(ToString::to_string).collect();
            let curve = Curve { at, x: sizes.iter().map(|&size| count(size)).collect(), y, random: None };
            Ok(Scores { values, curve: Some(curve), ..Scores::default() })
        })
    }
}
