//! What a metric found: [`Scores`].

use ndarray::{Array2, Axis, concatenate};

/// Which way a metric is better.
///
/// ```
/// # use xai_core as xai;
/// use xai::NdArray;
/// use xai::metrics::{Better, Deletion, Metric};
///
/// // An output that falls soon was explained well.
/// assert_eq!(Metric::<NdArray>::better(&Deletion::new()), Better::Lower);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Better {
    /// The higher, the better.
    Higher,
    /// The lower, the better.
    Lower,
}

/// What a metric found.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Gini, Metric, Scores};
/// use xai::nn::Activation;
/// use xai::{Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// let scores: Scores = Gini.of_analyzer(&net, &array![[0.5, 2.0]], 0, &Gradient)?;
/// assert!((scores.values[0] - 0.5).abs() < 1e-12);
/// # Ok::<(), xai::Error>(())
/// ```
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
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Deletion, Metric};
/// use xai::nn::{Linear, Sequential};
/// use xai::{InputTimesGradient, NdArray, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push(Linear::new(weight, None)?);
/// let scores = Deletion::new().of_analyzer(&net, &array![[1.0, 1.0, 1.0]], 0, &InputTimesGradient)?;
/// let curve = scores.curve.expect("deletion has one");
/// assert_eq!((curve.y[[0, 0]], curve.y.ncols()), (6.0, curve.x.len()));
/// # Ok::<(), xai::Error>(())
/// ```
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

impl Scores {
    /// Puts the scores of more samples behind these: of a data set that is scored part by part. What only one of both
    /// has, a baseline or a curve over the same points, is no longer there, and neither are words.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::metrics::Scores;
    ///
    /// let mut scores = Scores::from(vec![0.5]);
    /// scores.extend(vec![0.25, 1.0].into());
    /// assert_eq!(scores.values, [0.5, 0.25, 1.0]);
    /// ```
    pub fn extend(&mut self, more: Scores) {
        self.values.extend(more.values);
        self.random = self.random.take().zip(more.random).map(|(all, more)| [all, more].concat());
        self.curve = self.curve.take().zip(more.curve).and_then(|(all, more)| all.with(more));
        self.verdict = None;
    }
}

impl Curve {
    /// With the samples of another over the same points.
    fn with(mut self, more: Curve) -> Option<Curve> {
        let both = |one: &Array2<f64>, other: &Array2<f64>| concatenate(Axis(0), &[one.view(), other.view()]).ok();
        if self.x != more.x {
            return None;
        }
        self.y = both(&self.y, &more.y)?;
        self.random = self.random.zip(more.random).and_then(|(one, other)| both(&one, &other));
        Some(self)
    }
}

impl From<Vec<f64>> for Scores {
    fn from(values: Vec<f64>) -> Self {
        Scores { values, ..Scores::default() }
    }
}
