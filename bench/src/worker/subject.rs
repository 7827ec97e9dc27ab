//! One implementation of one analyzer.

use std::time::Instant;

use ndarray::ArrayD;
use xai_zoo::command_line::Outcome;

/// One implementation of one analyzer, with its network loaded.
pub(crate) trait Subject {
    /// The network's output.
    fn forward(&self) -> Outcome<()>;

    /// One analysis as a user has it, with so many copies if the analyzer takes a mean.
    fn run(&self, n: usize) -> Outcome<Timed>;

    /// What has one right answer whoever computes it: with given noise, on the nodes of Gauss and Legendre. Nothing
    /// for passes that explain nothing.
    fn check(&self, points: usize) -> Outcome<Option<ArrayD<f32>>>;

    /// How many masked copies go through the network at once, where it chooses by itself.
    fn chunk(&self) -> Outcome<Option<usize>> {
        Ok(None)
    }
}

/// An analysis and how long it took.
pub(crate) struct Timed {
    pub(crate) milliseconds: f64,
    pub(crate) values: ArrayD<f32>,
}

impl Timed {
    /// Times `work`, and not what turns its result into an array.
    pub(crate) fn of<T>(
        work: impl FnOnce() -> Outcome<T>,
        values: impl FnOnce(T) -> Outcome<ArrayD<f32>>,
    ) -> Outcome<Self> {
        let start = Instant::now();
        let found = work()?;
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        Ok(Timed { milliseconds, values: values(found)? })
    }
}
