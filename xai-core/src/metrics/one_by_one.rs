//! Whether single features change the output by as much as their values say: [`FaithfulnessEstimate`] and
//! [`Monotonicity`].

use ndarray::ArrayView1;

use super::metric::Metric;
use super::perturbed::{Perturbation, perturbation_builders};
use super::scored::Scored;
use super::scores::{Better, Scores};
use super::sets::{falls_of_each, similarity};
use super::similarity::Similarity;
use crate::masks::Fill;
use crate::{Backend, Result};

/// Faithfulness estimate: Pearson's correlation of the features' values with the fall of the output without each.
///
/// 1 is best. It costs a forward pass for each feature. Absent features are zeros unless set; where one of the two does
/// not vary the score is 0.
///
/// Reference: Alvarez-Melis, Jaakkola (2018), *Towards Robust Interpretability with Self-Explaining Neural Networks*,
/// arXiv:1806.07538.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{FaithfulnessEstimate, Metric};
/// use xai::nn::Activation;
/// use xai::{InputTimesGradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let x = array![[3.0, -1.0, 0.5, 2.0]];
/// let scores = FaithfulnessEstimate::new().of_analyzer(&net, &x, 0, &InputTimesGradient)?;
/// assert_eq!(scores.values, [1.0]); // 3 without the first number, 0 without another
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FaithfulnessEstimate {
    perturbation: Perturbation,
}

/// Monotonicity: Spearman's correlation of the sizes of the features' values with the size of the output's change
/// without each.
///
/// 1 is best: a larger value means a larger effect, of either sign. Cost and fill are those of
/// [`FaithfulnessEstimate`].
///
/// Reference: Nguyen, Martínez (2020), *On quantitative aspects of model interpretability*, arXiv:2007.07584.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Metric, Monotonicity};
/// use xai::nn::Activation;
/// use xai::{InputTimesGradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let x = array![[3.0, -1.0, 0.5, 2.0]];
/// let scores = Monotonicity::new().of_analyzer(&net, &x, 0, &InputTimesGradient)?;
/// assert_eq!(scores.values, [1.0]); // 3 without the first number, 0 without another
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("MonotonicityCorrelation"))]
pub struct Monotonicity {
    perturbation: Perturbation,
}

impl FaithfulnessEstimate {
    /// With zeros for what is absent.
    pub fn new() -> Self {
        FaithfulnessEstimate { perturbation: Perturbation::new(Fill::default()) }
    }

    perturbation_builders!();
}

impl Default for FaithfulnessEstimate {
    fn default() -> Self {
        Self::new()
    }
}

impl Monotonicity {
    /// With zeros for what is absent.
    pub fn new() -> Self {
        Monotonicity { perturbation: Perturbation::new(Fill::default()) }
    }

    perturbation_builders!();
}

impl Default for Monotonicity {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! of_each_feature {
    ($name:ident, $title:literal, |$values:ident, $falls:ident| $score:expr) => {
        impl<B: Backend> Metric<B> for $name {
            fn name(&self) -> String {
                $title.into()
            }

            fn better(&self) -> Better {
                Better::Higher
            }

            fn check(&self, input: &[usize]) -> Result<()> {
                self.perturbation.check(input)
            }

            fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
                self.perturbation.with(
                    on,
                    |features| features,
                    |masked, values| {
                        let falls = falls_of_each(masked, on.samples())?;
                        let score = |($values, $falls): (ArrayView1<'_, f64>, ArrayView1<'_, f64>)| $score;
                        Ok(values.rows().into_iter().zip(falls.rows()).map(score).collect::<Vec<_>>().into())
                    },
                )
            }
        }
    };
}
of_each_feature!(FaithfulnessEstimate, "faithfulness estimate", |values, falls| similarity(
    Similarity::Pearson,
    values,
    falls
));
of_each_feature!(Monotonicity, "monotonicity", |values, falls| Similarity::Spearman.of(
    &values.into_dyn(),
    &falls.into_dyn(),
    true
));
