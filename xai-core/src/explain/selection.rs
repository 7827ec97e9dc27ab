//! What is explained of a model's output, chosen: [`Selection`].

use std::fmt;
use std::sync::Arc;

use ndarray::{ArrayD, Axis};

use crate::op::LogSoftmax;
use crate::op::Softmax;
use crate::{Backend, Element, Error, Op, Result, Tensor};

/// What is explained of a model's output: for each sample a number that is linear in it, as one of the outputs.
///
/// An index has one number for each axis of the output after the batch axis: one for class scores of shape (B, K),
/// three for a segmentation of shape (B, K, H, W), none for an output of shape (B).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::Selection;
///
/// let classes = Selection::new(vec![vec![3], vec![0]], &[2, 10])?;
/// assert_eq!((classes.samples(), classes.indices()), (2, &[vec![3], vec![0]][..]));
/// let contrast = Selection::weights(&array![[1.0, -1.0]].into_dyn());
/// assert!(contrast.indices().is_empty());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    what: What,
    scale: OutputScale,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    /// One output of each sample.
    Indices(Vec<Vec<usize>>),
    /// A weighted sum of each sample's outputs: which row of the weights is whose.
    Weights { weights: Arc<ArrayD<f64>>, rows: Vec<usize> },
}

/// What is made of a model's output before anything of it is chosen.
///
/// ```
/// # use xai_core as xai;
/// use xai::OutputScale;
///
/// assert_eq!("log-probability".parse::<OutputScale>()?, OutputScale::LogProbability);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OutputScale {
    /// The output as it is: scores, logits.
    #[default]
    AsIs,
    /// Its softmax along axis 1, the classes: probabilities.
    Probability,
    /// The logarithm of its softmax along axis 1.
    LogProbability,
}

impl fmt::Display for OutputScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OutputScale::AsIs => "as-is",
            OutputScale::Probability => "probability",
            OutputScale::LogProbability => "log-probability",
        })
    }
}

impl std::str::FromStr for OutputScale {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        let all = [OutputScale::AsIs, OutputScale::Probability, OutputScale::LogProbability];
        all.into_iter().find(|scale| scale.to_string() == name).ok_or_else(|| Error::InvalidParameter {
            name: "output scale",
            value: name.to_owned(),
            reason: "it must be as-is, probability or log-probability".into(),
        })
    }
}

impl OutputScale {
    pub(crate) fn op<B: Backend>(self) -> Option<Op<B>> {
        match self {
            OutputScale::AsIs => None,
            OutputScale::Probability => Some(Softmax::new(1).into()),
            OutputScale::LogProbability => Some(LogSoftmax::new(1).into()),
        }
    }
}

impl From<Vec<Vec<usize>>> for Selection {
    /// One output of each sample, by its index without the batch axis.
    fn from(indices: Vec<Vec<usize>>) -> Self {
        Selection { what: What::Indices(indices), scale: OutputScale::AsIs }
    }
}

impl Selection {
    /// One index per sample, checked against an output of the given shape (batch axis first).
    ///
    /// # Errors
    /// [`Error::SelectionLength`] and [`Error::OutputIndex`].
    pub fn new(indices: Vec<Vec<usize>>, output: &[usize]) -> Result<Self> {
        let selection = Selection::from(indices);
        selection.check(output)?;
        Ok(selection)
    }

    /// A weighted sum of each sample's outputs, Σ w · y: weights in the output's shape, batch axis included.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::Selection;
    ///
    /// // For the first sample the difference of two outputs, for the second their sum.
    /// let sums = Selection::weights(&array![[1.0, -1.0], [1.0, 1.0]].into_dyn());
    /// assert_eq!((sums.samples(), sums.indices().len()), (2, 0));
    /// assert_eq!(sums.weights_of_sums(), Some(array![[1.0, -1.0], [1.0, 1.0]].into_dyn()));
    /// ```
    pub fn weights<E: Element>(weights: &ArrayD<E>) -> Self {
        let mut weights = weights.mapv(Element::as_f64);
        if weights.ndim() == 0 {
            // A single number: the weight of the only sample.
            weights.insert_axis_inplace(Axis(0));
        }
        let (rows, weights) = ((0..weights.len_of(Axis(0))).collect(), Arc::new(weights));
        Selection { what: What::Weights { weights, rows }, scale: OutputScale::AsIs }
    }

    /// The same of the output at another scale.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{OutputScale, Selection};
    ///
    /// let class = Selection::from(vec![vec![3]]).at_scale(OutputScale::Probability);
    /// assert_eq!(class.scale(), OutputScale::Probability);
    /// ```
    #[must_use]
    pub fn at_scale(self, scale: OutputScale) -> Self {
        Selection { scale, ..self }
    }

    /// What is made of the output before anything of it is chosen.
    pub fn scale(&self) -> OutputScale {
        self.scale
    }

    /// One index per sample; none where weighted sums are explained.
    pub fn indices(&self) -> &[Vec<usize>] {
        match &self.what {
            What::Indices(indices) => indices,
            What::Weights { .. } => &[],
        }
    }

    /// The weights of the sums that are explained, in the output's shape; none where one output of each sample is.
    pub fn weights_of_sums(&self) -> Option<ArrayD<f64>> {
        match &self.what {
            What::Indices(_) => None,
            What::Weights { weights, rows } => Some(weights.select(Axis(0), rows)),
        }
    }

    /// For how many samples something is chosen.
    pub fn samples(&self) -> usize {
        match &self.what {
            What::Indices(indices) => indices.len(),
            What::Weights { rows, .. } => rows.len(),
        }
    }

    /// Checks the selection against an output of the given shape, batch axis first.
    pub(crate) fn check(&self, output: &[usize]) -> Result<()> {
        let Some((&batch, axes)) = output.split_first() else {
            return Err(Error::InvalidShape {
                what: "model output".into(),
                got: vec![],
                reason: "it has no batch axis; a model must return one entry per sample, batch axis first".into(),
            });
        };
        if self.samples() != batch {
            return Err(Error::SelectionLength { selected: self.samples(), batch });
        }
        match &self.what {
            What::Indices(indices) => {
                for (sample, index) in indices.iter().enumerate() {
                    if index.len() != axes.len() || index.iter().zip(axes).any(|(i, n)| i >= n) {
                        return Err(Error::OutputIndex { index: index.clone(), sample, output: output.to_vec() });
                    }
                }
                Ok(())
            }
            What::Weights { weights, .. } => {
                Error::check_shape("weights of the outputs", axes, weights.shape().get(1..).unwrap_or_default())?;
                super::rows::check_finite("weights of the outputs", weights.as_ref())
            }
        }
    }

    /// Each sample's choice n times, as [`augment_batch_dim`](crate::augment_batch_dim) repeats the samples.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::Selection;
    ///
    /// let classes = Selection::from(vec![vec![3], vec![5]]);
    /// assert_eq!(classes.repeat(2).indices(), [[3], [3], [5], [5]]);
    /// ```
    #[must_use]
    pub fn repeat(&self, n: usize) -> Self {
        self.of_rows(|rows| rows.into_iter().flat_map(|row| std::iter::repeat_n(row, n)).collect())
    }

    /// The choices for `len` samples from `start` on.
    #[must_use]
    pub(crate) fn part(&self, start: usize, len: usize) -> Self {
        self.of_rows(|rows| rows.into_iter().skip(start).take(len).collect())
    }

    fn of_rows(&self, choose: impl FnOnce(Vec<usize>) -> Vec<usize>) -> Self {
        let what = match &self.what {
            What::Indices(indices) => {
                let chosen = choose((0..indices.len()).collect());
                What::Indices(chosen.into_iter().filter_map(|row| indices.get(row).cloned()).collect())
            }
            What::Weights { weights, rows } => {
                let chosen = choose((0..rows.len()).collect());
                let rows = chosen.into_iter().filter_map(|row| rows.get(row).copied()).collect();
                What::Weights { weights: Arc::clone(weights), rows }
            }
        };
        Selection { what, scale: self.scale }
    }

    /// What is pulled back from an output of this selection's rows: the gradient of the chosen numbers with respect to
    /// it.
    ///
    /// # Errors
    /// The framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Selection, Tensor};
    ///
    /// let output = Tensor::<NdArray<f64>>::upload(array![[0.2, 0.8], [0.7, 0.3]].view().into_dyn(), &())?;
    /// let chosen = Selection::from(vec![vec![1], vec![0]]);
    /// assert_eq!(chosen.cotangent(&output)?.download()?, array![[0.0, 1.0], [1.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn cotangent<B: Backend>(&self, output: &Tensor<B>) -> Result<Tensor<B>> {
        let shape = output.shape();
        match &self.what {
            What::Indices(indices) => Tensor::one_hot(&shape, &places(indices, &shape), &output.placement()),
            What::Weights { weights, rows } => {
                Tensor::of_numbers("weights of the outputs", &weights.select(Axis(0), rows), &output.placement())
            }
        }
    }

    /// The chosen number of each sample.
    pub(crate) fn pick<B: Backend>(&self, output: &Tensor<B>) -> Result<Vec<f64>> {
        Ok(self.pick_of(&output.download()?))
    }

    /// As [`pick`](Selection::pick), of an output on the host.
    pub(crate) fn pick_of<E: Element>(&self, values: &ArrayD<E>) -> Vec<f64> {
        match &self.what {
            What::Indices(indices) => {
                let mut all = values.iter();
                let mut next = 0;
                // Places rise from sample to sample.
                let pick = |place: usize| {
                    let value = all.nth(place - next);
                    next = place + 1;
                    value.map_or(f64::NAN, |v| v.as_f64())
                };
                places(indices, values.shape()).into_iter().map(pick).collect()
            }
            What::Weights { weights, rows } => {
                // What has no weight does not count, whatever it is: a logit of -inf may be meant.
                let sum = |(row, y): (&usize, ndarray::ArrayViewD<'_, E>)| {
                    let products = weights.index_axis(Axis(0), *row).into_iter().zip(y);
                    products.filter(|(w, _)| **w != 0.0).map(|(w, y)| w * y.as_f64()).sum()
                };
                rows.iter().zip(values.outer_iter()).map(sum).collect()
            }
        }
    }
}

/// Where outputs stand in an output of the given shape, counted in row-major order.
fn places(indices: &[Vec<usize>], output: &[usize]) -> Vec<usize> {
    let axes = output.get(1..).unwrap_or_default();
    let size: usize = axes.iter().product();
    let place = |index: &Vec<usize>| index.iter().zip(axes).fold(0, |flat, (i, n)| flat * n + i);
    indices.iter().enumerate().map(|(sample, index)| sample * size + place(index)).collect()
}
