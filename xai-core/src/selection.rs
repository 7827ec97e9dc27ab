//! Which output is explained: [`OutputSelector`].

use ndarray::ArrayViewD;

use crate::{Backend, Element, Error, Result, Tensor};

/// The output that is explained, one index per sample.
///
/// An index has one number for each axis of the output after the batch axis: one for class scores of shape (B, K),
/// three for a segmentation of shape (B, K, H, W), none for an output of shape (B).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Selection(Vec<Vec<usize>>);

impl Selection {
    /// Checks one index per sample against an output of the given shape (batch axis first).
    ///
    /// # Errors
    /// [`Error::SelectionLength`] and [`Error::OutputIndex`].
    pub fn new(indices: Vec<Vec<usize>>, output: &[usize]) -> Result<Self> {
        let Some((&batch, axes)) = output.split_first() else {
            return Err(Error::InvalidShape {
                what: "model output".into(),
                got: vec![],
                reason: "it has no batch axis; a model must return one entry per sample, batch axis first".into(),
            });
        };
        if indices.len() != batch {
            return Err(Error::SelectionLength { selected: indices.len(), batch });
        }
        for (sample, index) in indices.iter().enumerate() {
            if index.len() != axes.len() || index.iter().zip(axes).any(|(i, n)| i >= n) {
                return Err(Error::OutputIndex { index: index.clone(), sample, output: output.to_vec() });
            }
        }
        Ok(Selection(indices))
    }

    /// One index per sample.
    pub fn indices(&self) -> &[Vec<usize>] {
        &self.0
    }

    /// Each sample's index n times, as [`augment_batch_dim`](crate::augment_batch_dim) repeats the samples.
    #[must_use]
    pub fn repeat(&self, n: usize) -> Self {
        Selection(self.0.iter().flat_map(|index| std::iter::repeat_n(index.clone(), n)).collect())
    }

    /// The indices of `len` samples from `start` on.
    #[must_use]
    pub(crate) fn part(&self, start: usize, len: usize) -> Self {
        Selection(self.0.iter().skip(start).take(len).cloned().collect())
    }

    /// The selected output of each sample.
    pub(crate) fn pick<B: Backend>(&self, output: &Tensor<B>) -> Result<Vec<f64>> {
        let places = self.places(&output.shape());
        let values = output.download()?;
        let mut all = values.iter();
        let mut next = 0;
        // Places rise from sample to sample.
        let pick = |place: usize| {
            let value = all.nth(place - next);
            next = place + 1;
            value.map_or(f64::NAN, |v| v.as_f64())
        };
        Ok(places.into_iter().map(pick).collect())
    }

    /// Where the selected outputs stand in an output of the given shape, counted in row-major order.
    pub(crate) fn places(&self, output: &[usize]) -> Vec<usize> {
        let axes = output.get(1..).unwrap_or_default();
        let size: usize = axes.iter().product();
        let place = |index: &Vec<usize>| index.iter().zip(axes).fold(0, |flat, (i, n)| flat * n + i);
        self.0.iter().enumerate().map(|(sample, index)| sample * size + place(index)).collect()
    }
}

/// Chooses the output that is explained, from the model's output on the clean input.
///
/// It is asked once; wrappers reuse the choice for every augmented copy. Implement it for a rule of your own:
///
/// ```
/// use ndarray::ArrayViewD;
/// use xai_core::{OutputSelector, Result};
///
/// /// The second highest class.
/// struct RunnerUp;
/// impl OutputSelector<f32> for RunnerUp {
///     fn select(&self, output: ArrayViewD<'_, f32>) -> Result<Vec<Vec<usize>>> {
///         let runner_up = |scores: ndarray::ArrayView1<'_, f32>| {
///             let mut order: Vec<usize> = (0..scores.len()).collect();
///             order.sort_by(|&i, &j| scores[j].total_cmp(&scores[i]));
///             vec![order[1]]
///         };
///         Ok(output.rows().into_iter().map(runner_up).collect())
///     }
/// }
/// ```
pub trait OutputSelector<E: Element> {
    /// One index per sample, each without the batch axis.
    ///
    /// # Errors
    /// The selector's own. What it returns is checked against the output's shape afterwards.
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Vec<Vec<usize>>>;
}

impl<E: Element, S: OutputSelector<E> + ?Sized> OutputSelector<E> for &S {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Vec<Vec<usize>>> {
        (**self).select(output)
    }
}

impl<E: Element, S: OutputSelector<E> + ?Sized> OutputSelector<E> for Box<S> {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Vec<Vec<usize>>> {
        (**self).select(output)
    }
}

/// The highest output of each sample; of equal ones, the first.
///
/// A NaN anywhere in a sample's output is an [`Error::NanOutput`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MaxActivation;

impl<E: Element> OutputSelector<E> for MaxActivation {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Vec<Vec<usize>>> {
        let axes = output.shape().get(1..).unwrap_or_default().to_vec();
        output.outer_iter().enumerate().map(|(sample, scores)| argmax(sample, scores, &axes)).collect()
    }
}

fn argmax<E: Element>(sample: usize, scores: ArrayViewD<'_, E>, axes: &[usize]) -> Result<Vec<usize>> {
    let index = |flat: usize| {
        let mut rest = flat;
        let mut index: Vec<usize> = axes.iter().rev().map(|&n| (rest % n, rest /= n).0).collect();
        index.reverse();
        index
    };
    let mut best: Option<(usize, E)> = None;
    for (flat, &score) in scores.iter().enumerate() {
        if score.is_nan() {
            return Err(Error::NanOutput { sample, index: index(flat) });
        }
        if best.is_none_or(|(_, highest)| score > highest) {
            best = Some((flat, score));
        }
    }
    best.map(|(flat, _)| index(flat)).ok_or_else(|| Error::InvalidShape {
        what: "model output".into(),
        got: std::iter::once(sample + 1).chain(axes.iter().copied()).collect(),
        reason: "it has no element to choose from".into(),
    })
}

/// The same output for all samples: `Index(285)`, or `Index([0, 3, 4])` where the output has more axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index<I = usize>(pub I);

/// Another output for each sample: `PerSample(vec![285, 967])`, or `PerSample(vec![[0, 3, 4], [1, 3, 4]])`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerSample<I = usize>(pub Vec<I>);

/// What an output index may be written as: a number, or one number per axis.
pub trait OutputIndex {
    /// One number per output axis after the batch axis.
    fn numbers(&self) -> Vec<usize>;
}

impl OutputIndex for usize {
    fn numbers(&self) -> Vec<usize> {
        vec![*self]
    }
}

impl<const N: usize> OutputIndex for [usize; N] {
    fn numbers(&self) -> Vec<usize> {
        self.to_vec()
    }
}

impl OutputIndex for Vec<usize> {
    fn numbers(&self) -> Vec<usize> {
        self.clone()
    }
}

impl OutputIndex for (usize, usize) {
    fn numbers(&self) -> Vec<usize> {
        vec![self.0, self.1]
    }
}

impl OutputIndex for (usize, usize, usize) {
    fn numbers(&self) -> Vec<usize> {
        vec![self.0, self.1, self.2]
    }
}

impl<E: Element, I: OutputIndex> OutputSelector<E> for Index<I> {
    fn select(&self, output: ArrayViewD<'_, E>) -> Result<Vec<Vec<usize>>> {
        let batch = output.shape().first().copied().unwrap_or(0);
        Ok(vec![self.0.numbers(); batch])
    }
}

impl<E: Element, I: OutputIndex> OutputSelector<E> for PerSample<I> {
    fn select(&self, _: ArrayViewD<'_, E>) -> Result<Vec<Vec<usize>>> {
        Ok(self.0.iter().map(OutputIndex::numbers).collect())
    }
}
