//! What a metric found: [`Scores`].

use std::fmt;

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
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Better {
    /// The higher, the better.
    Higher,
    /// The lower, the better.
    Lower,
    /// The closer to this number, from either side, the better.
    Closer(f64),
}

impl Better {
    /// Whether one number is better than another; neither is where both are as good, or one is NaN.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::metrics::Better;
    ///
    /// assert!(Better::Closer(0.0).prefers(0.1, -0.5) && !Better::Closer(0.0).prefers(-0.5, 0.1));
    /// ```
    pub fn prefers(self, one: f64, other: f64) -> bool {
        match self {
            Better::Higher => one > other,
            Better::Lower => one < other,
            Better::Closer(to) => (one - to).abs() < (other - to).abs(),
        }
    }

    /// As a sign behind a metric's name: ↑, ↓ or, for a number that is right, → 0.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::metrics::Better;
    ///
    /// assert_eq!([Better::Higher, Better::Lower, Better::Closer(0.5)].map(Better::sign), ["↑", "↓", "→ 0.5"]);
    /// ```
    pub fn sign(self) -> String {
        match self {
            Better::Higher => "↑".into(),
            Better::Lower => "↓".into(),
            Better::Closer(to) => format!("→ {to}"),
        }
    }
}

/// In words: higher, lower, closer to 0.
impl fmt::Display for Better {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Better::Higher => f.write_str("higher"),
            Better::Lower => f.write_str("lower"),
            Better::Closer(to) => write!(f, "closer to {to}"),
        }
    }
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
    /// What each sample's number means, in words, where the metric says so.
    pub verdicts: Option<Vec<String>>,
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
    /// has, as a baseline, words, or a curve over the same points, is no longer there. Scores of no sample change
    /// nothing.
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
        if more.values.is_empty() {
            return;
        }
        if self.values.is_empty() {
            *self = more;
            return;
        }
        self.values.extend(more.values);
        self.random = self.random.take().zip(more.random).map(|(all, more)| [all, more].concat());
        self.curve = self.curve.take().zip(more.curve).and_then(|(all, more)| all.with(more));
        self.verdicts = self.verdicts.take().zip(more.verdicts).map(|(all, more)| [all, more].concat());
    }

    /// The verdicts as one: in the order in which they come up first, each with how many samples it is of, unless it is
    /// of all.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::metrics::Scores;
    ///
    /// let mut scores = Scores::from(vec![0.0, 0.9, 0.1]);
    /// scores.verdicts = Some(["right", "wrong", "right"].map(str::to_owned).to_vec());
    /// assert_eq!(scores.verdict().as_deref(), Some("right (2 of 3 samples); wrong (1 of 3 samples)"));
    /// ```
    pub fn verdict(&self) -> Option<String> {
        let all = self.verdicts.as_ref()?;
        let mut counts: Vec<(&String, usize)> = Vec::new();
        for words in all {
            match counts.iter_mut().find(|(seen, _)| *seen == words) {
                Some((_, count)) => *count += 1,
                None => counts.push((words, 1)),
            }
        }
        match counts[..] {
            [] => None,
            [(words, _)] => Some(words.clone()),
            _ => {
                let each = counts.iter().map(|(words, count)| format!("{words} ({count} of {} samples)", all.len()));
                Some(each.collect::<Vec<_>>().join("; "))
            }
        }
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
