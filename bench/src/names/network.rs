//! The networks.

use std::sync::LazyLock;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::named::named;

/// What is told of a network.
#[derive(Debug)]
pub struct NetworkEntry {
    /// On the command line, in the results, in `bench/python` and in the names of its files.
    pub name: &'static str,
    /// For people.
    pub words: &'static str,
    /// What it is made of.
    pub kind: Kind,
    /// The file of what it looks at: `{input}.safetensors`.
    pub input: &'static str,
}

/// What a network is made of.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Of the library's layers, of PyTorch's, and of each framework's own operations (`bench/src/bare/plan.rs`).
    Layers {
        /// How many points secants take for the error of Captum's default with 50, or less: see `docs/path-nodes.md`.
        secants: usize,
        /// The layer that class activation maps look at: the last with maps, as PyTorch's model calls it.
        cam_layer: &'static str,
        /// True for the weights that the repository has; others are drawn.
        bundled: bool,
    },
    /// A model's file of candle-transformers with one line more (`bench/src/worker/copies.rs`), and the same in PyTorch
    /// (`bench/python/copies.py`).
    Copy,
}

named! {
    /// A network, for one sample.
    Network, NetworkEntry, NETWORKS
}

static NETWORKS: [NetworkEntry; 6] = [
    NetworkEntry {
        name: "resnet18",
        words: "ResNet-18, with random weights",
        kind: Kind::Layers { secants: 28, cam_layer: "layer4", bundled: false },
        input: "photo",
    },
    NetworkEntry {
        name: "vgg16",
        words: "VGG-16, with random weights",
        kind: Kind::Layers { secants: 24, cam_layer: "features.29", bundled: false },
        input: "photo",
    },
    NetworkEntry {
        name: "efficientnet-lite0",
        words: "EfficientNet-Lite0, trained",
        kind: Kind::Layers { secants: 26, cam_layer: "head", bundled: true },
        input: "photo",
    },
    NetworkEntry {
        name: "vit-b16",
        words: "ViT-B/16 of candle-transformers, with random weights",
        kind: Kind::Copy,
        input: "photo",
    },
    NetworkEntry {
        name: "bert-base",
        words: "BERT-base of candle-transformers, with random weights, from its 128 embedded words on",
        kind: Kind::Copy,
        input: "words",
    },
    NetworkEntry {
        name: "resnet50",
        words: "ResNet-50 of candle-transformers, with random weights",
        kind: Kind::Copy,
        input: "photo",
    },
];

impl Network {
    /// How many points secants take: none for a copied file.
    pub fn secants(self) -> usize {
        match self.kind {
            Kind::Layers { secants, .. } => secants,
            Kind::Copy => 0,
        }
    }

    /// The layer that class activation maps look at: none of a copied file.
    pub fn cam_layer(self) -> &'static str {
        match self.kind {
            Kind::Layers { cam_layer, .. } => cam_layer,
            Kind::Copy => "",
        }
    }

    /// True for what is made of layers.
    pub fn has_layers(self) -> bool {
        matches!(self.kind, Kind::Layers { .. })
    }

    /// True for the weights that the repository has.
    pub fn is_bundled(self) -> bool {
        matches!(self.kind, Kind::Layers { bundled: true, .. })
    }
}

/// Those that are made of layers, which is what the benchmarks run over.
impl ValueEnum for Network {
    fn value_variants<'a>() -> &'a [Self] {
        static LAYERS: LazyLock<Vec<Network>> = LazyLock::new(|| Network::all().filter(|n| n.has_layers()).collect());
        &LAYERS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.words))
    }
}
