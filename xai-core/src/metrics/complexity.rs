//! How concentrated the values are: [`Gini`] and [`Entropy`].

use super::metric::Metric;
use super::scored::Scored;
use super::scores::{Better, Scores};
use super::statistics::count;
use crate::{Backend, Error, Result};

/// The Gini index of the values' sizes: Σᵢ (2i - n - 1) |a|₍ᵢ₎ / (n Σ|a|), with |a|₍ᵢ₎ in rising order, i from 1.
///
/// 0 for values that are all as large, 1 - 1/n for a single one that is not zero. Higher is better: fewer things to
/// look at. It says nothing about whether they are the right ones.
///
/// Errors: [`Error::InvalidParameter`] for a sample whose values are all zero.
///
/// Reference: Chalasani et al. (2020), *Concise Explanations of Neural Networks using Adversarial Training*,
/// arXiv:1810.06583.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Gini, Metric};
/// use xai::nn::Activation;
/// use xai::{Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let x = array![[3.0, -1.0, 0.5, 2.0]];
/// let scores = Gini.of_analyzer(&net, &x, 0, &Gradient)?;
/// assert_eq!(scores.values.len(), 1);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("Sparseness"))]
pub struct Gini;

impl Gini {
    /// The same as `Gini`.
    pub fn new() -> Self {
        Gini
    }
}

/// The entropy of the values' shares, -Σᵢ pᵢ ln pᵢ with pᵢ = |aᵢ| / Σ|a|, in nats.
///
/// ln n for values that are all as large, 0 for a single one that is not zero. Lower is better.
///
/// Errors: [`Error::InvalidParameter`] for a sample whose values are all zero.
///
/// Reference: Bhatt, Weller, Moura (2020), *Evaluating and Aggregating Feature-based Model Explanations*,
/// arXiv:2005.00631.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Entropy, Metric};
/// use xai::nn::Activation;
/// use xai::{Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let x = array![[3.0, -1.0, 0.5, 2.0]];
/// let scores = Entropy.of_analyzer(&net, &x, 0, &Gradient)?;
/// assert_eq!(scores.values.len(), 1);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("Complexity"))]
pub struct Entropy;

impl Entropy {
    /// The same as `Entropy`.
    pub fn new() -> Self {
        Entropy
    }
}

impl<B: Backend> Metric<B> for Gini {
    fn name(&self) -> String {
        "Gini index".into()
    }

    fn better(&self) -> Better {
        Better::Higher
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        each(on, |sizes, sum| {
            let mut sizes = sizes.to_vec();
            sizes.sort_by(f64::total_cmp);
            let n = count(sizes.len());
            let weighted = sizes.iter().enumerate().map(|(i, size)| (2.0 * count(i + 1) - n - 1.0) * size);
            weighted.sum::<f64>() / (n * sum)
        })
    }
}

impl<B: Backend> Metric<B> for Entropy {
    fn name(&self) -> String {
        "entropy".into()
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        each(on, |sizes, sum| {
            let shares = sizes.iter().map(|size| size / sum).filter(|share| *share > 0.0);
            // Not minus zero.
            shares.map(|share| -share * share.ln()).sum::<f64>() + 0.0
        })
    }
}

/// A number of each sample's sizes |a| and their sum, which is not zero.
fn each<B: Backend>(on: &Scored<'_, B>, number: impl Fn(&[f64], f64) -> f64) -> Result<Scores> {
    let of_sample = |(row, values): (usize, ndarray::ArrayViewD<'_, f64>)| {
        let largest = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        if largest == 0.0 {
            return Err(Error::InvalidParameter {
                name: "values",
                value: format!("zeros of sample {}", on.sample(row)),
                reason: "they have no shares: is there anything that the output depends on?".into(),
            });
        }
        // Relative to the largest: the sum of tiny or huge ones is neither zero nor infinite.
        let sizes: Vec<f64> = values.iter().map(|value| value.abs() / largest).collect();
        let sum = sizes.iter().sum();
        Ok(number(&sizes, sum))
    };
    Ok(on.values.outer_iter().enumerate().map(of_sample).collect::<Result<Vec<_>>>()?.into())
}
