//! The analyzers by name.

use clap::ValueEnum;

/// An analyzer, as on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    Gradient,
    InputTimesGradient,
    SmoothGrad,
    IntegratedGradients,
    GradCam,
}

impl Name {
    /// The name on the command line, in raw files and in JSON.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Name::Gradient => "gradient",
            Name::InputTimesGradient => "input-times-gradient",
            Name::SmoothGrad => "smooth-grad",
            Name::IntegratedGradients => "integrated-gradients",
            Name::GradCam => "grad-cam",
        }
    }

    /// The name for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Name::Gradient => "Gradient",
            Name::InputTimesGradient => "Input × Gradient",
            Name::SmoothGrad => "SmoothGrad",
            Name::IntegratedGradients => "Integrated Gradients",
            Name::GradCam => "Grad-CAM",
        }
    }
}
