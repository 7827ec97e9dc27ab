//! What is measured, by its names on the command line and in the results.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use xai::{AnalyzerInfo, BoxAnalyzer, Differentiable, Quadrature, Settings};

/// A network, for one photo of 224 × 224.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// ResNet-18, with random weights
    Resnet18,
    /// VGG-16, with random weights
    Vgg16,
    /// EfficientNet-Lite0, trained
    EfficientnetLite0,
}

/// An analyzer that is timed, by its name in the library: those that the others have too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Analyzer {
    /// The gradient
    Gradient,
    /// Input times gradient
    InputTimesGradient,
    /// SmoothGrad
    SmoothGrad,
    /// Integrated Gradients
    IntegratedGradients,
    /// The same integral to the same error or better: secants beside Captum's default with 50 points
    IntegratedGradientsSecant,
    /// Grad-CAM
    GradCam,
}

/// Whose implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// This library on libtorch
    XaiLibtorch,
    /// This library on candle
    XaiCandle,
    /// Captum
    Captum,
    /// pytorch-grad-cam, which has Grad-CAM alone
    PytorchGradCam,
    /// libtorch's own passes with its own backward, and nothing else
    BareLibtorch,
    /// candle's own passes with its own backward, and nothing else
    BareCandle,
    /// Another build of this library on libtorch: the one that `--before` names
    BeforeLibtorch,
    /// Another build of this library on candle: the one that `--before` names
    BeforeCandle,
}

impl Network {
    /// How many points secants take for the error of Captum's default with 50, or less: see `docs/path-nodes.md`.
    pub fn secants(self) -> usize {
        match self {
            Network::Resnet18 => 28,
            Network::Vgg16 => 24,
            Network::EfficientnetLite0 => 26,
        }
    }

    /// The layer that Grad-CAM looks at: the last with maps, as PyTorch's model calls it.
    pub fn cam_layer(self) -> &'static str {
        match self {
            Network::Resnet18 => "layer4",
            Network::Vgg16 => "features.29",
            Network::EfficientnetLite0 => "head",
        }
    }
}

impl Analyzer {
    /// What the library calls it.
    fn name(self) -> String {
        match self {
            Analyzer::IntegratedGradientsSecant => key(&Analyzer::IntegratedGradients),
            other => key(&other),
        }
    }

    /// The library's analyzer, with so many copies or points if it takes a mean and they are not the network's.
    ///
    /// # Errors
    /// None for those of the library.
    pub fn build<M: Differentiable + ?Sized>(self, network: Network, n: usize) -> xai::Result<BoxAnalyzer<M>> {
        let settings = Settings::new();
        AnalyzerInfo::find(&self.name())?.build(&match self {
            Analyzer::Gradient | Analyzer::InputTimesGradient => settings,
            Analyzer::SmoothGrad | Analyzer::IntegratedGradients => settings.n(n),
            Analyzer::IntegratedGradientsSecant => settings.n(network.secants()).quadrature(Quadrature::Secant),
            Analyzer::GradCam => settings.place(network.cam_layer()),
        })
    }

    /// How many gradients it takes: those of the copies for the averages, as they are by default everywhere.
    pub fn gradients(self) -> usize {
        match self {
            Analyzer::Gradient | Analyzer::InputTimesGradient | Analyzer::GradCam => 1,
            Analyzer::SmoothGrad | Analyzer::IntegratedGradients | Analyzer::IntegratedGradientsSecant => 50,
        }
    }

    /// How far a map may be from Captum's, as a relative L2 difference: single precision, and maxima that fall the
    /// other way. Where both come near an integral by their own ways, what both are known to be off at the most (0.13),
    /// one across the other.
    pub fn bound(self) -> f64 {
        if self == Analyzer::IntegratedGradientsSecant { 0.2 } else { 1e-2 }
    }

    /// True for a mean over many gradients.
    pub fn averages(self) -> bool {
        self.gradients() > 1
    }
}

impl Who {
    /// True for a mean whose chunk size is the caller's to choose; this library chooses by itself.
    pub fn takes_chunk(self) -> bool {
        matches!(self, Who::Captum | Who::BareLibtorch | Who::BareCandle)
    }

    /// True when it has the analyzer.
    pub fn has(self, analyzer: Analyzer) -> bool {
        match self {
            Who::PytorchGradCam => analyzer == Analyzer::GradCam,
            Who::BareLibtorch | Who::BareCandle => analyzer != Analyzer::IntegratedGradientsSecant,
            Who::XaiLibtorch | Who::XaiCandle | Who::Captum | Who::BeforeLibtorch | Who::BeforeCandle => true,
        }
    }

    /// True for what computes with libtorch.
    pub fn is_on_libtorch(self) -> bool {
        !matches!(self, Who::XaiCandle | Who::BareCandle | Who::BeforeCandle)
    }

    /// What another build of this library calls itself.
    pub fn of_another_build(self) -> Option<Who> {
        match self {
            Who::BeforeLibtorch => Some(Who::XaiLibtorch),
            Who::BeforeCandle => Some(Who::XaiCandle),
            _ => None,
        }
    }

    /// True for what runs in Python.
    pub fn is_python(self) -> bool {
        matches!(self, Who::Captum | Who::PytorchGradCam)
    }
}

/// The name on the command line.
fn key<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

macro_rules! shown_by_key {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&key(self))
            }
        }
    )*};
}
shown_by_key!(Network, Analyzer, Who);

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use xai::{BoxModel, NdArray};

    use super::{Analyzer, Network};

    #[test]
    #[allow(clippy::unwrap_used)]
    fn what_is_timed_is_the_librarys() {
        for &analyzer in Analyzer::value_variants() {
            for &network in Network::value_variants() {
                analyzer.build::<BoxModel<'static, NdArray>>(network, 5).unwrap();
            }
        }
    }
}
