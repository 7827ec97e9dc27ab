//! The analyzers by name.

use clap::ValueEnum;
use xai::{Analyzer, GradCam, Gradient, InputTimesGradient, IntegratedGradients, LayerSplit, SmoothGrad};

/// An analyzer, as on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    Gradient,
    InputTimesGradient,
    SmoothGrad,
    IntegratedGradients,
    GradCam,
}

/// The analyzer, with `n` copies or points if it takes a mean.
pub(crate) fn build<M: LayerSplit>(name: Name, n: usize) -> Box<dyn Analyzer<M>> {
    match name {
        Name::Gradient => Box::new(Gradient),
        Name::InputTimesGradient => Box::new(InputTimesGradient),
        Name::SmoothGrad => Box::new(SmoothGrad::new().n(n)),
        Name::IntegratedGradients => Box::new(IntegratedGradients::new().n(n)),
        Name::GradCam => Box::new(GradCam),
    }
}
