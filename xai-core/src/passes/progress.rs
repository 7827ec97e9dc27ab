//! Progress of long work.

use std::fmt;
use std::sync::Arc;

/// How far an augmented analysis is, counted in model evaluations (copies times samples).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Evaluations done.
    pub done: usize,
    /// Evaluations in all.
    pub total: usize,
}

/// The user's callback, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Reporter(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl Reporter {
    pub(crate) fn new(report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Reporter(Some(Arc::new(report)))
    }

    pub(crate) fn start(&self, total: usize) -> Running<'_> {
        Running { reporter: self, progress: Progress { done: 0, total } }
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
}

impl Running<'_> {
    /// So many more are to come, in all: for work whose length shows only on the way.
    pub(crate) fn expect(&mut self, more: usize) {
        self.progress.total = self.progress.done + more;
    }

    pub(crate) fn advance(&mut self, evaluations: usize) {
        self.progress.done += evaluations;
        if let Some(report) = &self.reporter.0 {
            report(self.progress);
        }
    }
}
