//! What analyzers scored by metrics: [`Evaluation`].

use super::cell::Cell;
use super::interval::mean_and_interval;
use super::scores::Better;
use crate::{Error, Result};

/// What [`Evaluate`](super::Evaluate) found.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Evaluate, Evaluation, Gini};
/// use xai::nn::Activation;
/// use xai::{Gradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// let found: Evaluation = Evaluate::new(&[&Gradient], &[&Gini]).run(&net, &array![[0.5, 2.0]], 0)?;
/// assert_eq!(found.analyzers, ["Gradient", "RandomMap"]);
/// assert!((found.mean(0, 0).unwrap() - 0.5).abs() < 1e-12);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Evaluation {
    /// The analyzers' names, a row for each; the last one is the random map.
    pub analyzers: Vec<String>,
    /// The metrics' names and which way is better, a column for each.
    pub metrics: Vec<(String, Better)>,
    /// For each analyzer and each metric the scores, and why samples have none.
    pub cells: Vec<Vec<Cell>>,
    /// The number of samples.
    pub samples: usize,
    /// The group of each sample, where they were named.
    pub groups: Option<Vec<String>>,
}

impl Evaluation {
    /// Puts the samples of another part of the data set behind these, failures and groups included.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Evaluate, Gini};
    /// use xai::nn::Activation;
    /// use xai::{Gradient, NdArray, Net};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
    /// let part = |number: u64, row: [f64; 2]| {
    ///     let evaluate = Evaluate::new(&[&Gradient], &[&Gini]).seed(number).groups(["the same photo"]);
    ///     evaluate.run(&net, &ndarray::arr2(&[row]), 0)
    /// };
    /// let mut all = part(0, [0.5, 2.0])?;
    /// all.extend(part(1, [1.0, 2.0])?)?;
    /// assert_eq!((all.samples, all.cells[0][0].scores.values.len()), (2, 2));
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for other analyzers or metrics, and where only one part names groups.
    pub fn extend(&mut self, more: Evaluation) -> Result<()> {
        let refused = |name: &'static str, value: String, reason: &str| {
            Err(Error::InvalidParameter { name, value, reason: reason.into() })
        };
        if self.analyzers != more.analyzers {
            return refused("analyzers", more.analyzers.join(", "), "parts need the same ones");
        }
        if self.metrics != more.metrics {
            let names: Vec<&str> = more.metrics.iter().map(|(name, _)| name.as_str()).collect();
            return refused("metrics", names.join(", "), "parts need the same ones");
        }
        match (&mut self.groups, more.groups) {
            (None, None) => {}
            (Some(groups), Some(more)) => groups.extend(more),
            _ => return refused("groups", "those of one part".into(), "name them in all parts, or in none"),
        }
        for (cell, more) in self.cells.iter_mut().flatten().zip(more.cells.into_iter().flatten()) {
            cell.extend(more, self.samples);
        }
        self.samples += more.samples;
        Ok(())
    }

    /// The mean score of an analyzer by a metric, over the samples that have one; over the means of the groups, where
    /// there are groups. None where no sample has a score.
    pub fn mean(&self, analyzer: usize, metric: usize) -> Option<f64> {
        self.mean_and_interval(analyzer, metric).map(|(mean, _)| mean)
    }

    /// The half-width of the mean's 95 % interval, by Student's t over the samples or, where there are groups, over
    /// their means. None where there are fewer than two.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Deletion, Evaluate};
    /// use xai::nn::Activation;
    /// use xai::{Gradient, NdArray, Net};
    ///
    /// // The scores 1 and 2: a standard deviation of 1/√2, and of their mean 1/2.
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let deletion = Deletion::new().steps(1);
    /// let found = Evaluate::new(&[&Gradient], &[&deletion]).run(&net, &array![[2.0, 1.0], [4.0, 1.0]], 0)?;
    /// // Student's t of one degree of freedom.
    /// assert!((found.interval(0, 0).unwrap() - 12.706 / 2.0).abs() < 1e-3);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn interval(&self, analyzer: usize, metric: usize) -> Option<f64> {
        self.mean_and_interval(analyzer, metric)?.1
    }

    fn mean_and_interval(&self, analyzer: usize, metric: usize) -> Option<(f64, Option<f64>)> {
        let cell = self.cells.get(analyzer)?.get(metric).filter(|cell| !cell.scores.values.is_empty())?;
        let group = |all: &Vec<String>| cell.samples.iter().map(|&sample| all.get(sample).cloned()).collect();
        let groups: Option<Vec<Option<String>>> = self.groups.as_ref().map(group);
        Some(mean_and_interval(&cell.scores.values, groups.as_deref()))
    }

    /// The analyzer whose mean is best by a metric, the random map apart; none where no one has a score.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Deletion, Evaluate};
    /// use xai::nn::{Linear, Sequential};
    /// use xai::{Gradient, InputTimesGradient, NdArray, Tensor};
    ///
    /// // The largest weight is that of the smallest part of the output, 3 + 2 + 1.5.
    /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push(Linear::new(weight, None)?);
    /// let deletion = Deletion::new().steps(3);
    /// let evaluate = Evaluate::new(&[&Gradient, &InputTimesGradient], &[&deletion]);
    /// let found = evaluate.run(&net, &array![[3.0, 1.0, 0.5]], 0)?;
    /// assert_eq!(found.best(0).map(|row| found.analyzers[row].as_str()), Some("InputTimesGradient"));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn best(&self, metric: usize) -> Option<usize> {
        let (_, better) = self.metrics.get(metric)?;
        let rows = 0..self.analyzers.len().saturating_sub(1);
        let scored = rows.filter_map(|row| Some((row, self.mean(row, metric)?)));
        let best = scored.reduce(|best, next| if better.prefers(next.1, best.1) { next } else { best });
        best.map(|(row, _)| row)
    }

    /// The first failure, if there is one: what could not be scored.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Evaluate, Infidelity};
    /// use xai::nn::Activation;
    /// use xai::{Error, Gradient, NdArray, Net};
    ///
    /// // Infidelity is of attributions, and a gradient is none.
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let infidelity = Infidelity::new();
    /// let found = Evaluate::new(&[&Gradient], &[&infidelity]).run(&net, &array![[0.5, 2.0]], 0)?;
    /// assert!(matches!(found.first_error(), Some(Error::Unsupported { .. })));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn first_error(&self) -> Option<&Error> {
        self.cells.iter().flatten().flat_map(|cell| &cell.failures).map(|failure| &*failure.error).next()
    }
}
