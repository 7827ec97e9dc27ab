//! Which order of the features is right, whatever the shape of what goes: [`Road`].

use super::curves::curve;
use super::metric::Metric;
use super::perturbed::{Perturbation, perturbation_builders, places};
use super::scored::Scored;
use super::scores::{Better, Curve, Scores};
use super::statistics::count;
use crate::masks::Fill;
use crate::passes::at_least;
use crate::{Backend, Error, Result};

/// ROAD, remove and debias: (Σ y least important first - Σ y most important first) / 2, over the shares that are
/// removed; higher is better, 0 is what a random order gets.
///
/// What is removed is imputed from its neighbours with noise ([`Fill::NoisyLinear`]), so that its shape tells the model
/// little. Defaults: the shares 10 %, 20 % to 90 %; noise of a standard deviation of 0.01; seed 0.
///
/// Errors: as for [`Deletion`](super::Deletion); shares outside of (0, 1).
///
/// Reference: Rong et al. (2022), *A Consistent and Efficient Evaluation Strategy for Attribution Methods*,
/// arXiv:2202.00449.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Metric, Road};
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Fill, InputTimesGradient, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// // The mean of 1, 2, 3 and 4: without 1 and without 4, then without the two least and the two greatest. With zeros
/// // in their places, which can be done by hand.
/// let road = Road::new().shares([0.25, 0.5]).seed(1).fill(Fill::default());
/// let scores = road.of_analyzer(&net, &photo, 0, &InputTimesGradient)?;
/// let curve = scores.curve.expect("a point for each share");
/// assert_eq!(curve.y, array![[(9.0 / 4.0 - 6.0 / 4.0) / 2.0, (7.0 / 4.0 - 3.0 / 4.0) / 2.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("ROADCombined", "ROADMostRelevantFirst", "ROADLeastRelevantFirst"))]
pub struct Road {
    perturbation: Perturbation,
    shares: Vec<f64>,
    seed: u64,
}

impl Road {
    /// By 10 % to 90 % of the features, imputed with noise of 0.01.
    pub fn new() -> Self {
        let perturbation = Perturbation::new(Fill::NoisyLinear { std: 0.01, seed: 0 });
        Road { perturbation, shares: (1..10).map(|tenth| f64::from(tenth) / 10.0).collect(), seed: 0 }
    }

    /// The shares of the features that are removed, each between 0 and 1.
    #[must_use]
    pub fn shares(mut self, shares: impl Into<Vec<f64>>) -> Self {
        self.shares = shares.into();
        self
    }

    /// The seed of the order of features with equal values.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    perturbation_builders!();
}

impl Default for Road {
    fn default() -> Self {
        Self::new()
    }
}

impl<B: Backend> Metric<B> for Road {
    fn name(&self) -> String {
        "ROAD".into()
    }

    fn better(&self) -> Better {
        Better::Higher
    }

    fn check(&self, input: &[usize]) -> Result<()> {
        at_least("shares", self.shares.len(), 1)?;
        if let Some(share) = self.shares.iter().find(|share| !(**share > 0.0 && **share < 1.0)) {
            return Err(Error::InvalidParameter {
                name: "shares",
                value: share.to_string(),
                reason: "each must be above 0 and below 1".into(),
            });
        }
        self.perturbation.check(input)
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        self.perturbation.with(
            on,
            |_| 2 * self.shares.len(),
            |masked, values| {
                let most = curve(masked, &places(&values, self.seed), &self.shares, false)?;
                let least = curve(masked, &places(&-values, self.seed), &self.shares, false)?;
                let y = (least - most) / 2.0;
                let values = y.rows().into_iter().map(|row| row.sum() / count(row.len())).collect();
                let at = self.shares.iter().map(|share| format!("{share:.3}")).collect();
                let curve = Curve { at, x: self.shares.clone(), y, random: None };
                Ok(Scores { values, curve: Some(curve), ..Scores::default() })
            },
        )
    }
}
