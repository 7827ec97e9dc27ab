//! What is present in a copy of the input.

use ndarray::{Array2, ArrayD};

/// What is present in a copy of the input, and to which degree: 1 is as in the input, 0 absent, filled instead.
///
/// ```
/// # use xai_core as xai;
/// use xai::Mask;
///
/// assert_eq!(Mask::from(vec![true, false]), Mask::Features(vec![1.0, 0.0]));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Mask {
    /// A degree for each feature, the same for all samples.
    Features(Vec<f64>),
    /// For each sample a degree for each of its features: (samples, features).
    Samples(Array2<f64>),
    /// A degree for each number of each explained input, the same for all samples: an array that broadcasts to a
    /// sample, without the batch axis. All masks of one iterator have the same shapes then.
    Numbers(Vec<ArrayD<f64>>),
}

impl Mask {
    /// Features that are present, or not.
    pub(crate) fn of(present: impl IntoIterator<Item = bool>) -> Self {
        Mask::Features(present.into_iter().map(|present| f64::from(u8::from(present))).collect())
    }
}

impl From<Vec<f64>> for Mask {
    fn from(features: Vec<f64>) -> Self {
        Mask::Features(features)
    }
}

impl From<Vec<bool>> for Mask {
    fn from(present: Vec<bool>) -> Self {
        Mask::of(present)
    }
}

impl From<Array2<f64>> for Mask {
    fn from(samples: Array2<f64>) -> Self {
        Mask::Samples(samples)
    }
}
