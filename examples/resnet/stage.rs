//! Where the network is split.

use clap::ValueEnum;

/// One of the four stages of a ResNet: the features end behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    Layer1,
    Layer2,
    Layer3,
    Layer4,
}

impl Stage {
    /// How many of the four stages belong to the features.
    pub(crate) fn depth(self) -> usize {
        match self {
            Stage::Layer1 => 1,
            Stage::Layer2 => 2,
            Stage::Layer3 => 3,
            Stage::Layer4 => 4,
        }
    }
}
