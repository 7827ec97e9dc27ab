//! Progress of long work, and how to stop it.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::{Error, Result};

/// How far an analysis is, counted in model evaluations (copies times samples).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, NdArray, Net, SmoothGrad};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let talks = SmoothGrad::new().n(10).on_progress(|step| eprintln!("{} of {}", step.done, step.total));
/// talks.analyze(&net, &array![[3.0, -1.0]], 0)?;
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Evaluations done.
    pub done: usize,
    /// Evaluations in all.
    pub total: usize,
}

/// What a progress callback may answer: nothing, or whether to go on.
///
/// `ControlFlow::Break(())` stops the analysis before its next pass, with [`Error::Cancelled`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use std::ops::ControlFlow;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Error, NdArray, Net, SmoothGrad};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let stopped = SmoothGrad::new().n(100).chunk(10).on_progress(|_| ControlFlow::Break(()));
/// assert!(matches!(stopped.analyze(&net, &array![[3.0]], 0), Err(Error::Cancelled { .. })));
/// ```
///
/// An answer of your own:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Answer, Error, NdArray, Net, Progress, SmoothGrad};
///
/// /// How many evaluations are still paid for.
/// struct Left(usize);
/// impl Answer for Left {
///     fn stops(self) -> bool {
///         self.0 == 0
///     }
/// }
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let left = |step: Progress| Left(20_usize.saturating_sub(step.done));
/// let paid = SmoothGrad::new().n(100).chunk(10).on_progress(left);
/// assert!(matches!(paid.analyze(&net, &array![[3.0]], 0), Err(Error::Cancelled { done: 20, .. })));
/// ```
pub trait Answer {
    /// True to stop.
    fn stops(self) -> bool;
}

impl Answer for () {
    fn stops(self) -> bool {
        false
    }
}

impl Answer for ControlFlow<()> {
    fn stops(self) -> bool {
        self.is_break()
    }
}

type Report = dyn Fn(Progress) -> bool + Send + Sync;

/// The user's callback, if there is one: true to stop.
#[derive(Clone, Default)]
pub(crate) struct Reporter(Option<Arc<Report>>);

impl Reporter {
    pub(crate) fn new<A: Answer>(report: impl Fn(Progress) -> A + Send + Sync + 'static) -> Self {
        Reporter(Some(Arc::new(move |progress| report(progress).stops())))
    }

    /// This callback and another one, told of the same work: either may stop it.
    pub(crate) fn and(&self, other: &Reporter) -> Reporter {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => {
                let (one, other) = (Arc::clone(one), Arc::clone(other));
                Reporter(Some(Arc::new(move |progress| {
                    let stops = one(progress);
                    other(progress) || stops
                })))
            }
            (None, _) => other.clone(),
            (_, None) => self.clone(),
        }
    }

    /// The same callback for work that is a part of other work: it is asked after each pass whether to go on, and told
    /// how far the whole is.
    fn within(&self, whole: Progress) -> Reporter {
        match &self.0 {
            None => Reporter::default(),
            Some(report) => {
                let report = Arc::clone(report);
                Reporter(Some(Arc::new(move |_| report(whole))))
            }
        }
    }

    pub(crate) fn start(&self, total: usize) -> Running<'_> {
        Running { reporter: self, progress: Progress { done: 0, total }, asked: 0 }
    }
}

/// The same callback, or none.
impl PartialEq for Reporter {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some(..)" } else { "None" })
    }
}

/// One analysis that reports.
pub(crate) struct Running<'a> {
    reporter: &'a Reporter,
    progress: Progress,
    /// What was asked for on the way.
    asked: usize,
}

impl Running<'_> {
    /// So many more are to come, in all: for work whose length shows only on the way.
    pub(crate) fn expect(&mut self, more: usize) {
        self.progress.total = self.progress.done.saturating_add(more);
    }

    /// So many more are asked for: in all there are as many as that, or as were expected.
    pub(crate) fn ask(&mut self, more: usize) {
        self.asked = self.asked.saturating_add(more);
        self.progress.total = self.progress.total.max(self.asked);
    }

    /// The callback, for work that is a part of this.
    pub(crate) fn part(&self) -> Reporter {
        self.reporter.within(self.progress)
    }

    /// So many are done.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the user's callback says so.
    pub(crate) fn advance(&mut self, evaluations: usize) -> Result<()> {
        self.progress.done += evaluations;
        let Progress { done, total } = self.progress;
        match &self.reporter.0 {
            Some(report) if report(self.progress) => Err(Error::Cancelled { done, total }),
            _ => Ok(()),
        }
    }
}
