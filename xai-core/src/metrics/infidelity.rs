//! How far the values are from what the output does: [`Infidelity`].

use super::metric::Metric;
use super::perturbed::{Perturbation, perturbation_builders};
use super::scored::Scored;
use super::scores::{Better, Scores};
use super::sets::{check_share, random_sets, set_builders, size};
use super::statistics::count;
use crate::masks::Fill;
use crate::passes::{MOST_COPIES, within};
use crate::{Backend, Error, Kind, Result};

/// Infidelity: the mean over random sets S of features of (Σ_S a - (y(x) - y(x without S)))².
///
/// 0 for values that are the features' effects; lower is better, in squared output units. Values must be attributions,
/// in output units: a gradient has to be multiplied with the input first (`InputTimesGradient`). With
/// [`scaled`](Infidelity::scaled) values are multiplied by the factor that suits them best, so that maps of any unit
/// can be compared. Defaults: 100 sets of a tenth of the features, absent ones zeros; seed 0.
///
/// Errors: [`Error::Unsupported`] for sensitivities and class activation maps that are not scaled;
/// [`Error::InvalidParameter`] for n = 0 and for a share outside of 0 to 1.
///
/// Reference: Yeh et al. (2019), *On the (In)fidelity and Sensitivity of Explanations*, arXiv:1901.09392: removal of
/// squares, with the sets in their place.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Infidelity, Metric};
/// use xai::nn::{Linear, Sequential};
/// use xai::{Gradient, InputTimesGradient, NdArray, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push(Linear::new(weight, None)?);
/// let (x, pairs) = (array![[2.0, 2.0, 2.0]], Infidelity::new().n(20).share(0.6).seed(1));
/// assert_eq!(pairs.of_analyzer(&net, &x, 0, &InputTimesGradient)?.values, [0.0]);
/// // The gradient is in other units: right but for a factor of 2.
/// assert!(pairs.of_analyzer(&net, &x, 0, &Gradient).is_err());
/// assert_eq!(pairs.scaled(true).of_analyzer(&net, &x, 0, &Gradient)?.values, [0.0]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("infidelity"))]
pub struct Infidelity {
    perturbation: Perturbation,
    n: usize,
    share: f64,
    scaled: bool,
    seed: u64,
}

impl Infidelity {
    /// By 100 sets of a tenth of the features.
    pub fn new() -> Self {
        let perturbation = Perturbation::new(Fill::default());
        Infidelity { perturbation, n: 100, share: 0.1, scaled: false, seed: 0 }
    }

    /// The share of the features that a set has; at least one feature.
    #[must_use]
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Multiplies the values of each sample by β = E\[Σ_S a · Δ\] / E\[(Σ_S a)²\] first, Δ being the output's fall.
    #[must_use]
    pub fn scaled(mut self, scaled: bool) -> Self {
        self.scaled = scaled;
        self
    }

    perturbation_builders!();
    set_builders!();
}

impl Default for Infidelity {
    fn default() -> Self {
        Self::new()
    }
}

impl<B: Backend> Metric<B> for Infidelity {
    fn name(&self) -> String {
        "infidelity".into()
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn check(&self, input: &[usize]) -> Result<()> {
        within("n", self.n, 1, MOST_COPIES)?;
        check_share("share", self.share)?;
        self.perturbation.check(input)
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        if !self.scaled && on.kind != Kind::Attribution {
            return Err(Error::Unsupported {
                analyzer: "infidelity".into(),
                reason: format!(
                    "the values' kind is {}, which is not in output units: explain by an attribution, as \
                     `InputTimesGradient`, or compare with `Infidelity::scaled`",
                    on.kind
                ),
            });
        }
        self.perturbation.with(
            on,
            |_| self.n,
            |masked, values| {
                let (sums, falls) =
                    random_sets(masked, &values, self.n, size(self.share, masked.features()), self.seed)?;
                let rows = sums.rows().into_iter().zip(falls.rows()).map(|(sums, falls)| {
                    let factor = match (self.scaled, sums.dot(&sums)) {
                        (false, _) => 1.0,
                        (true, 0.0) => 0.0,
                        (true, squares) => sums.dot(&falls) / squares,
                    };
                    sums.iter().zip(falls).map(|(sum, fall)| (factor * sum - fall).powi(2)).sum::<f64>() / count(self.n)
                });
                Ok(rows.collect::<Vec<_>>().into())
            },
        )
    }
}
