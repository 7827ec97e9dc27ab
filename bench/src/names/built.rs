//! An entry as the library's analyzer.

use std::ops::ControlFlow;

use xai::{AnalyzerInfo, BoxAnalyzer, Differentiable, Error, Occlusion, Progress};

use super::analyzer::{Entry, Method};
use super::network::Network;

impl Entry {
    /// True for an analyzer; false for what gives the output alone.
    pub fn is_built(&self) -> bool {
        !matches!(self.method, Method::Output)
    }

    /// The library's analyzer, with so many copies or points if it takes a mean and they are not the network's.
    ///
    /// # Errors
    /// None for those of the library; what is no analyzer is refused.
    pub fn build<M: Differentiable + ?Sized>(&self, network: Network, n: usize) -> xai::Result<BoxAnalyzer<M>> {
        match self.method {
            Method::Named(name, settings) => AnalyzerInfo::find(name)?.build(&settings(network, n)),
            Method::Windows(size) => Ok(Box::new(Occlusion::new(size))),
            Method::Output => Err(self.no_analyzer()),
        }
    }

    /// The same, which tells how far it is and stops where it is told to. For what runs masked copies alone.
    ///
    /// # Errors
    /// As [`build`](Self::build), and for those that do not tell.
    pub fn build_telling<M: Differentiable + ?Sized>(
        &self,
        network: Network,
        n: usize,
        tell: impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> xai::Result<BoxAnalyzer<M>> {
        match self.method {
            Method::Named(name, settings) => AnalyzerInfo::find(name)?.build(&settings(network, n).on_progress(tell)),
            Method::Windows(size) => Ok(Box::new(Occlusion::new(size).on_progress(tell))),
            Method::Output => Err(self.no_analyzer()),
        }
    }

    fn no_analyzer(&self) -> Error {
        let reason = "it is the network's output, which no analyzer explains".into();
        Error::Unsupported { analyzer: self.name.into(), reason }
    }
}
