//! Which method is most faithful on a model: [`Evaluate`].

use super::cell::Cell;
use super::evaluation::Evaluation;
use super::metric::{Metric, check_metric};
use super::parts::{Samples, parts};
use super::random_map::RandomMap;
use crate::explain::{Analyzer, AnyAnalyzer, Input, OutputSelector, Target, Uploaded};
use crate::passes::{Reporter, progress_builder};
use crate::{Backend, Differentiable, Error, Result};

/// Explains a data set by several analyzers, and scores each by several metrics: which one is most faithful on this
/// model.
///
/// Each analyzer explains the inputs once, and every metric scores these values. A last row is a random map
/// ([`RandomMap`]), another one for each sample: a method that is not better than it says nothing. Everything that can
/// be refused is refused before any pass.
///
/// What fails of one sample is kept for it ([`Cell::failures`]), and the others have their scores; what a metric or an
/// analyzer cannot do at all, as infidelity with a gradient, is kept for every sample. Once something fails the samples
/// are taken one by one. An error of the model's code or of its framework ends the evaluation, and so does a callback
/// that stops it.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Deletion, Evaluate, Gini};
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{Gradient, InputTimesGradient, MaxActivation, NdArray, Net, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, -2.0, 3.0], [0.5, 1.0, 0.0]].view().into_dyn(), &())?;
/// let net = Net::new(Sequential::new().push(Linear::new(weight, None)?).push(Activation::Tanh));
/// let x = array![[0.1, 0.2, 0.3], [0.3, -0.1, 0.2]];
/// let deletion = Deletion::new();
/// let evaluate = Evaluate::new(&[&Gradient, &InputTimesGradient], &[&deletion, &Gini]);
/// let table = evaluate.run(&net, &x, MaxActivation)?;
/// println!("{}", table.to_markdown());
/// # assert_eq!(table.analyzers, ["Gradient", "InputTimesGradient", "RandomMap"]);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Evaluate<'a, B: Backend> {
    analyzers: Vec<&'a dyn AnyAnalyzer<B>>,
    metrics: Vec<&'a dyn Metric<B>>,
    groups: Option<Vec<String>>,
    seed: u64,
    reporter: Reporter,
}

impl<'a, B: Backend> Evaluate<'a, B> {
    /// These analyzers by these metrics; samples that have nothing to do with each other, seed 0.
    pub fn new(analyzers: &[&'a dyn AnyAnalyzer<B>], metrics: &[&'a dyn Metric<B>]) -> Self {
        let (analyzers, metrics) = (analyzers.to_vec(), metrics.to_vec());
        Evaluate { analyzers, metrics, groups: None, seed: 0, reporter: Reporter::default() }
    }

    /// The group of each sample, by any name: what samples share that are not independent, as the photo that they are
    /// crops of, or the patient. Means and their intervals are then those of the groups' means, each group counting
    /// once.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Deletion, Evaluate};
    /// use xai::nn::Activation;
    /// use xai::{Gradient, NdArray, Net};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let x = array![[2.0, 1.0], [4.0, 1.0], [9.0, 1.0]];
    /// // In one step to zeros: half of the first number.
    /// let deletion = Deletion::new().steps(1);
    /// let evaluate = Evaluate::new(&[&Gradient], &[&deletion]);
    /// assert_eq!(evaluate.run(&net, &x, 0)?.mean(0, 0), Some((1.0 + 2.0 + 4.5) / 3.0));
    /// let patients = evaluate.groups(["A", "A", "B"]);
    /// assert_eq!(patients.run(&net, &x, 0)?.mean(0, 0), Some((1.5 + 4.5) / 2.0));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn groups(mut self, groups: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.groups = Some(groups.into_iter().map(Into::into).collect());
        self
    }

    /// The seed of the random maps. Parts of a data set that are evaluated one after the other need one each, or a
    /// sample has the same random map as that of its number in another part.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Evaluate, Gini};
    /// use xai::nn::Activation;
    /// use xai::{Gradient, NdArray, Net};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let part = |seed| Evaluate::new(&[&Gradient], &[&Gini]).seed(seed).run(&net, &array![[0.5, 2.0]], 0);
    /// let (one, other) = (part(0)?, part(1)?);
    /// assert_eq!(one.mean(0, 0), other.mean(0, 0));
    /// assert_ne!(one.mean(1, 0), other.mean(1, 0)); // of the random maps
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    progress_builder!();

    /// Explains the inputs and scores what is found. Told as progress are the samples that were explained, and those
    /// that were scored, in all; the callback is asked after each pass of a metric too. An analyzer that takes long has
    /// its own `on_progress`, which may also stop it all.
    ///
    /// # Errors
    /// Those of the inputs, the selector, the parameters of analyzers and metrics, and the model;
    /// [`Error::InvalidParameter`] for another number of groups than samples, and [`Error::Cancelled`].
    pub fn run(
        &self,
        model: &dyn Differentiable<Backend = B>,
        input: impl Input<B>,
        select: impl OutputSelector<B::Elem>,
    ) -> Result<Evaluation> {
        let (random, metrics) = (RandomMap::new().seed(self.seed), &self.metrics);
        let uploaded = Uploaded::new(model, &input, |inputs| {
            metrics.iter().try_for_each(|metric| check_metric(*metric, inputs))?;
            self.check_groups(inputs.shapes.first().and_then(|shape| shape.first()).copied().unwrap_or(0))?;
            self.analyzers.iter().try_for_each(|analyzer| analyzer.check(model, inputs))
        })?;
        let (inputs, rows) = (uploaded.inputs().to_vec(), uploaded.samples());
        let steps = (self.analyzers.len() + 1).saturating_mul(metrics.len() + 1);
        let mut progress = self.reporter.start(steps.saturating_mul(rows.len()));

        // The random map comes first, since it needs the output alone: what fails here is the model's or the choice's,
        // and every analyzer explains the output that is chosen here.
        let drawn = random.attribute(model, &uploaded.call(Target::Choose(&select)))?;
        progress.advance(rows.len())?;
        let selection = drawn.selection.clone();
        let all = Samples { model, inputs, explained: uploaded.explained(), rows, selection };

        let last: &dyn AnyAnalyzer<B> = &random;
        let mut cells = Vec::with_capacity(self.analyzers.len() + 1);
        for analyzer in self.analyzers.iter().copied().map(Some).chain([None]) {
            let found = match analyzer {
                Some(analyzer) => {
                    let found = parts(all.explain(analyzer), analyzer, &all)?;
                    progress.advance(rows.len())?;
                    found
                }
                None => parts(all.checked(&drawn), last, &all)?,
            };
            let mut row = Vec::with_capacity(metrics.len());
            for metric in metrics {
                let mut cell = Cell::default();
                for part in &found {
                    cell.extend(part.score((analyzer.unwrap_or(last), *metric), &progress.part())?, 0);
                }
                progress.advance(rows.len())?;
                row.push(cell);
            }
            cells.push(row);
        }
        Ok(Evaluation {
            analyzers: self.analyzers.iter().map(|of| of.name()).chain([last.name()]).collect(),
            metrics: metrics.iter().map(|metric| (metric.name(), metric.better())).collect(),
            cells,
            samples: rows.len(),
            groups: self.groups.clone(),
        })
    }

    fn check_groups(&self, samples: usize) -> Result<()> {
        match &self.groups {
            Some(groups) if groups.len() != samples => Err(Error::InvalidParameter {
                name: "groups",
                value: groups.len().to_string(),
                reason: format!("there are {samples} sample(s): name the group of each"),
            }),
            _ => Ok(()),
        }
    }
}

impl<B: Backend> std::fmt::Debug for Evaluate<'_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = |of: Vec<String>| of.join(", ");
        f.debug_struct("Evaluate")
            .field("analyzers", &names(self.analyzers.iter().map(|of| of.name()).collect()))
            .field("metrics", &names(self.metrics.iter().map(|of| of.name()).collect()))
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}
