//! What a metric found: [`Scores`].

use ndarray::Array2;

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Better {
    /// The higher, the better.
    Higher,
    /// The lower, the better.
    Lower,
}

/// What a metric found.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Scores {
    /// One number for each sample.
    pub values: Vec<f64>,
    /// The same for values in random order, where the metric has such a baseline.
    pub random: Option<Vec<f64>>,
    /// The curve whose area or slope the number is.
    pub curve: Option<Curve>,
    /// What it means, in words.
    pub verdict: Option<String>,
}

/// A curve for each sample.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Curve {
    /// What the points are: shares of the input, or names of layers.
    pub at: Vec<String>,
    /// The points' places on the axis.
    pub x: Vec<f64>,
    /// The heights, (samples, points).
    pub y: Array2<f64>,
    /// The heights for values in random order, (samples, points), where the metric has such a baseline.
    pub random: Option<Array2<f64>>,
}

impl From<Vec<f64>> for Scores {
    fn from(values: Vec<f64>) -> Self {
        Scores { values, ..Scores::default() }
    }
}
