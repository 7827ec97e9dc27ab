//! A number that says how good an explanation is: [`Metric`].

use super::found::Found;
use super::scored::{Scored, scored};
use super::scores::{Better, Scores};
use crate::explain::{AnyAnalyzer, Explanation, Input, Inputs, OutputSelector, Target, Uploaded};
use crate::{Backend, Differentiable, Element, Result};

/// A number that says how good an explanation is, or how good the method that made it.
///
/// Most metrics look at an explanation and the model ([`of`](Metric::of)); some explain anew, other inputs or other
/// models, and need the analyzer ([`of_analyzer`](Metric::of_analyzer), which does for all). A batch gives what its
/// samples give one by one; nothing is normalised across samples. Implement [`score`](Metric::score) for one of your
/// own:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Better, Metric, Scored, Scores};
/// use xai::{Analyzer, Backend, Error, Function, Gradient, Index, NdArray, Result};
///
/// /// The share of the values that are above a threshold.
/// struct ShareAbove(f64);
/// impl<B: Backend> Metric<B> for ShareAbove {
///     fn name(&self) -> String {
///         format!("share above {}", self.0)
///     }
///     fn better(&self) -> Better {
///         Better::Higher
///     }
///     fn check(&self, _: &[usize]) -> Result<()> {
///         if self.0.is_finite() {
///             return Ok(());
///         }
///         let (value, reason) = (self.0.to_string(), "it must be a finite number".into());
///         Err(Error::InvalidParameter { name: "threshold", value, reason })
///     }
///     fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
///         let above = |row: &ndarray::ArrayViewD<'_, f64>| row.iter().filter(|v| **v > self.0).count() as f64;
///         let share = |row: ndarray::ArrayViewD<'_, f64>| above(&row) / row.len() as f64;
///         Ok(on.values.outer_iter().map(share).collect::<Vec<_>>().into())
///     }
/// }
///
/// type T = ndarray::ArcArray<f64, ndarray::IxDyn>;
/// let net = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
/// let x = array![[1.0, -2.0]];
/// let scores = ShareAbove(0.0).of_analyzer(&net, &x, Index(0), &Gradient)?;
/// assert_eq!(scores.values, [0.5]);
/// // The same of what was explained before.
/// let why = Gradient.analyze(&net, &x, Index(0))?;
/// assert_eq!(ShareAbove(0.0).of(&net, &x, &why)?, scores);
/// assert!(ShareAbove(f64::NAN).of(&net, &x, &why).is_err());
/// # Ok::<(), xai::Error>(())
/// ```
pub trait Metric<B: Backend> {
    /// The metric's name.
    fn name(&self) -> String;

    /// Which way is better.
    fn better(&self) -> Better;

    /// Checks the metric's own parameters against the explained input's shape, before any pass.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) and [`Error::Shape`](crate::Error::Shape).
    fn check(&self, input: &[usize]) -> Result<()> {
        let _ = input;
        Ok(())
    }

    /// One number for each sample.
    ///
    /// # Errors
    /// The metric's, the analyzer's and the model's own.
    fn score(&self, on: &Scored<'_, B>) -> Result<Scores>;

    /// How good an explanation of these inputs is. Metrics that explain anew refuse it.
    ///
    /// # Errors
    /// [`Error::InvalidShape`](crate::Error::InvalidShape) and [`Error::Shape`](crate::Error::Shape) when the
    /// explanation is none of these inputs, [`Error::Unsupported`](crate::Error::Unsupported) for a metric that needs
    /// the analyzer, and those of [`score`](Metric::score).
    fn of<I: Input<B>, D: ndarray::Dimension>(
        &self,
        model: &dyn Differentiable<Backend = B>,
        input: I,
        explanation: &Explanation<B::Elem, D>,
    ) -> Result<Scores>
    where
        Self: Sized,
    {
        let values = explanation.values.mapv(Element::as_f64).into_dyn();
        let inputs = Uploaded::new(model, &input, |inputs| check_metric(self, inputs))?;
        let found = Found::new(values, &explanation.extras)?;
        let on = scored(model, &inputs, found, &explanation.selection, explanation.kind, None)?;
        self.score(&on)
    }

    /// How good the explanation is that an analyzer gives of the selected output; metrics of methods explain anew by
    /// it.
    ///
    /// # Errors
    /// The analyzer's, and those of [`score`](Metric::score).
    fn of_analyzer<I: Input<B>>(
        &self,
        model: &dyn Differentiable<Backend = B>,
        input: I,
        select: impl OutputSelector<B::Elem>,
        analyzer: &dyn AnyAnalyzer<B>,
    ) -> Result<Scores>
    where
        Self: Sized,
    {
        let inputs = Uploaded::new(model, &input, |inputs| {
            check_metric(self, inputs)?;
            analyzer.check(model, inputs)
        })?;
        let found = analyzer.attribute(model, &inputs.call(Target::Choose(&select)))?;
        let values = Found::of(&found)?;
        let on = scored(model, &inputs, values, &found.selection, analyzer.kind(), Some(analyzer))?;
        self.score(&on)
    }
}

macro_rules! metric_through {
    ($($pointer:ty),*) => {$(
        impl<B: Backend, T: Metric<B> + ?Sized> Metric<B> for $pointer {
            fn name(&self) -> String {
                (**self).name()
            }
            fn better(&self) -> Better {
                (**self).better()
            }
            fn check(&self, input: &[usize]) -> Result<()> {
                (**self).check(input)
            }
            fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
                (**self).score(on)
            }
        }
    )*};
}
metric_through!(&T, Box<T>);

/// That one input is explained, and what the metric says of it.
pub(super) fn check_metric<B: Backend>(metric: &(impl Metric<B> + ?Sized), inputs: &Inputs<'_>) -> Result<()> {
    inputs.check_one_explained("A metric")?;
    inputs.explained_shapes().try_for_each(|input| metric.check(input))
}
