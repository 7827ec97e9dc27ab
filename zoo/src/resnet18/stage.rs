//! Where to look inside the network.

use clap::ValueEnum;

/// One of the four stages of a ResNet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The first.
    Layer1,
    /// The second.
    Layer2,
    /// The third.
    Layer3,
    /// The last.
    Layer4,
}

impl Stage {
    /// All of them, in the order in which they run.
    pub const ALL: [Stage; 4] = [Stage::Layer1, Stage::Layer2, Stage::Layer3, Stage::Layer4];

    /// The stage's name, torchvision's: a place of the network.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Layer1 => "layer1",
            Stage::Layer2 => "layer2",
            Stage::Layer3 => "layer3",
            Stage::Layer4 => "layer4",
        }
    }
}
