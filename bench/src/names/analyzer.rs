//! What an entry of the table of analyzers tells.

use serde::{Deserialize, Serialize};
use xai::Settings;

use super::network::Network;

/// What is told of an analyzer.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// On the command line and in the results.
    pub name: &'static str,
    /// For people.
    pub words: &'static str,
    /// The table that it stands in.
    pub family: Family,
    /// What the library runs.
    pub method: Method,
    /// How much is to be done.
    pub work: Work,
    /// What is compared.
    pub check: Check,
    /// On which networks.
    pub on: On,
    /// Who has it.
    pub who: &'static [&'static str],
    /// Whose numbers the others' are compared with.
    pub reference: Option<&'static str>,
    /// How far numbers may be from those, as a relative L2 difference.
    pub bound: f64,
    /// Who computes something else, and why its numbers are not compared.
    pub apart: &'static [Apart],
    /// What times are asked for.
    pub asked: &'static [Asked],
}

/// A table of its own in `BENCHMARKS.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Gradients, means of gradients, and Grad-CAM
    Gradients,
    /// Forward passes alone
    Forward,
    /// What looks inside: secants, rectifiers, relevance, class activation maps
    Inside,
    /// Networks out of ONNX files
    Files,
    /// Models of candle-transformers
    Copies,
}

/// What the library runs.
#[derive(Debug, Clone, Copy)]
pub enum Method {
    /// The analyzer of this name, with such settings on a network, for so many copies or points.
    Named(&'static str, fn(Network, usize) -> Settings),
    /// Occlusion by windows of this size, side by side.
    Windows([usize; 2]),
    /// The network's output, and nothing else.
    Output,
}

/// How much is to be done, and with that what the frameworks' bare passes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// About one gradient: bare, it is one.
    Gradient,
    /// About one forward pass: bare, it is one.
    Forward,
    /// A mean over so many gradients: bare, they are those of the sample.
    Gradients(usize),
    /// Forward passes of so many masked copies: bare, in passes of as many as this library takes at once.
    Copies(usize),
    /// Passes for each channel of a place: not many runs.
    Channels,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// What it finds.
    Found,
    /// What it finds on the same noisy copies.
    OnNoise,
    /// What it finds on the same few nodes.
    OnNodes,
}

/// On which networks.
#[derive(Debug, Clone, Copy)]
pub enum On {
    /// All that are made of layers.
    Layers,
    /// These.
    These(&'static [&'static str]),
    /// Copied files.
    Copies,
}

/// Who computes something else.
#[derive(Debug, Clone, Copy)]
pub struct Apart {
    /// Whose numbers are not compared; if it is the reference, nobody's are compared with them.
    pub who: &'static str,
    /// On which network alone.
    pub network: Option<&'static str>,
    /// In one sentence, for the lines below the table.
    pub why: &'static str,
}

/// What time is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Whose.
    pub of: &'static str,
    /// As a ratio to whose.
    pub over: &'static str,
    /// At the most.
    pub most: f64,
}

/// What single precision and maxima that fall the other way make of a map.
const BOUND: f64 = 1e-2;

impl Entry {
    /// On all networks of layers, by nobody yet.
    pub(super) const fn new(name: &'static str, words: &'static str, family: Family, method: Method) -> Self {
        let (work, check, on) = (Work::Gradient, Check::Found, On::Layers);
        Entry {
            name,
            words,
            family,
            method,
            work,
            check,
            on,
            who: &[],
            reference: None,
            bound: BOUND,
            apart: &[],
            asked: &[],
        }
    }

    pub(super) const fn work(self, work: Work) -> Self {
        Entry { work, ..self }
    }

    pub(super) const fn check(self, check: Check) -> Self {
        Entry { check, ..self }
    }

    pub(super) const fn on(self, on: On) -> Self {
        Entry { on, ..self }
    }

    pub(super) const fn by(self, who: &'static [&'static str]) -> Self {
        Entry { who, ..self }
    }

    pub(super) const fn like(self, reference: &'static str) -> Self {
        Entry { reference: Some(reference), ..self }
    }

    pub(super) const fn within(self, bound: f64) -> Self {
        Entry { bound, ..self }
    }

    pub(super) const fn apart(self, apart: &'static [Apart]) -> Self {
        Entry { apart, ..self }
    }

    pub(super) const fn asked(self, asked: &'static [Asked]) -> Self {
        Entry { asked, ..self }
    }

    /// How many copies or points it takes: one for what is no mean.
    pub fn count(&self) -> usize {
        match self.work {
            Work::Gradients(n) | Work::Copies(n) => n,
            Work::Gradient | Work::Forward | Work::Channels => 1,
        }
    }

    /// True for many copies or points, whose chunk somebody has to choose.
    pub fn is_many(&self) -> bool {
        matches!(self.work, Work::Gradients(_) | Work::Copies(_))
    }

    /// True for what is not run often.
    pub fn is_long(&self) -> bool {
        self.is_many() || self.work == Work::Channels
    }

    /// True where numbers that are near each other by different ways are compared.
    pub fn is_approximate(&self) -> bool {
        self.bound > BOUND
    }

    /// Why somebody's numbers are not compared, if they are not.
    pub fn apart_of(&self, who: &str, network: Network) -> Option<&'static Apart> {
        let here = |apart: &&Apart| apart.who == who && apart.network.is_none_or(|name| name == network.name);
        self.apart.iter().find(here)
    }
}

impl Family {
    /// Between which marks of a Markdown file its table stands.
    pub fn mark(self) -> &'static str {
        match self {
            Family::Gradients => "bench",
            Family::Forward => "bench forward",
            Family::Inside => "bench inside",
            Family::Files => "bench files",
            Family::Copies => "bench copies",
        }
    }
}

impl On {
    /// True for these networks.
    pub fn takes(self, network: Network) -> bool {
        match self {
            On::Layers => network.has_layers(),
            On::These(names) => names.contains(&network.name),
            On::Copies => !network.has_layers(),
        }
    }
}
