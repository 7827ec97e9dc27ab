//! Whether the values add up to what they share out: [`Completeness`].

use super::metric::Metric;
use super::perturbed::{Perturbation, perturbation_builders};
use super::scored::Scored;
use super::scores::{Better, Scores};
use crate::masks::Fill;
use crate::{Backend, Kind, Result};

/// Completeness: |Σa - (y(x) - y(x₀))| / max(|y(x) - y(x₀)|, ‖a‖₁ · 2⁻²⁰), x₀ being the reference that the fill is.
///
/// 0 for values that share out the change of the output; lower is better. Only attributions claim it; for other kinds
/// the number says how far they are from it. The verdict says whether a sample's gap is within the tolerance, 0.01
/// unless set. The reference is zeros unless set by [`fill`](Completeness::fill): it must be the analyzer's own.
/// It costs a forward pass.
///
/// Reference: Sundararajan, Taly, Yan (2017), *Axiomatic Attribution for Deep Networks*, arXiv:1703.01365.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Completeness, Metric};
/// use xai::nn::Activation;
/// use xai::{InputTimesGradient, NdArray, Net, Reference};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let x = array![[3.0, -1.0, 0.5, 2.0]];
/// let scores = Completeness::new().of_analyzer(&net, &x, 0, &InputTimesGradient)?;
/// assert!(scores.values[0].abs() < 1e-9); // adds up to the output
///
/// // From ones the output changes by 2, and not by 3, which the values add up to.
/// let from_ones = Completeness::new().fill(Reference::Constant(1.0)).tolerance(0.6);
/// let scores = from_ones.of_analyzer(&net, &x, 0, &InputTimesGradient)?;
/// assert_eq!((scores.values[0], scores.verdict().as_deref()), (0.5, Some("within 0.6")));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("convergence_delta"))]
pub struct Completeness {
    perturbation: Perturbation,
    tolerance: f64,
}

impl Completeness {
    /// Against zeros, with a tolerance of 1 %.
    pub fn new() -> Self {
        Completeness { perturbation: Perturbation::new(Fill::default()), tolerance: 0.01 }
    }

    /// Which gap counts as none, for the verdict.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    perturbation_builders!(without channels);
}

impl Default for Completeness {
    fn default() -> Self {
        Self::new()
    }
}

impl<B: Backend> Metric<B> for Completeness {
    fn name(&self) -> String {
        "completeness".into()
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn check(&self, input: &[usize]) -> Result<()> {
        self.perturbation.check(input)
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        // Of all numbers, with their signs, whatever is made of them for features.
        let sums = on.sums();
        self.perturbation.with(
            on,
            |_| 1,
            |masked, _| {
                let nothing = masked.values([vec![false; masked.features()]])?;
                let gaps = on.values.outer_iter().zip(&sums).zip(masked.clean()).zip(nothing.row(0)).map(
                    |(((row, sum), y), y0)| {
                        let (change, size) = (y - y0, row.iter().map(|v| v.abs()).sum::<f64>());
                        // Below the last bits of the values a change is no change.
                        let scale = change.abs().max(size * 2.0_f64.powi(-20));
                        let gap = (sum - change).abs();
                        if gap == 0.0 { 0.0 } else { gap / scale }
                    },
                );
                let gaps: Vec<f64> = gaps.collect();
                let claim = if on.kind == Kind::Attribution { "" } else { "; this kind of values does not claim it" };
                let words = |gap: &f64| {
                    let what = if *gap <= self.tolerance { "within" } else { "not within" };
                    format!("{what} {}{claim}", self.tolerance)
                };
                let verdicts = Some(gaps.iter().map(words).collect());
                Ok(Scores { values: gaps, verdicts, ..Scores::default() })
            },
        )
    }
}
