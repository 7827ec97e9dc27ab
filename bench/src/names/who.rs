//! The contestants.

use super::analyzer::Entry;
use super::named::named;

/// What is told of a contestant.
#[derive(Debug)]
pub struct WhoEntry {
    /// On the command line and in the results; a class of `bench/python/peers` by the same name, where it is Python.
    pub name: &'static str,
    /// For people.
    pub words: &'static str,
    /// In the head of a ratio.
    pub title: &'static str,
    /// What its process runs.
    pub runs: Runs,
    /// Those of whose times the ratio to its own is told.
    pub under: &'static [&'static str],
    /// True when its threads are OpenMP's, as libtorch's are.
    pub open_mp: bool,
    /// True when the chunk size is the caller's to choose, of many passes; this library chooses by itself.
    pub takes_chunk: bool,
    /// How many threads it has, whatever the others have.
    pub threads: Option<usize>,
}

/// What a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// This library.
    Ours {
        /// On which framework.
        on: Framework,
        /// With which network.
        source: Source,
        /// Without comparing what candle's tape says with differences, where true.
        unguarded: bool,
    },
    /// The framework's own passes and nothing else.
    Bare(Framework),
    /// A class of `bench/python/peers`.
    Python,
    /// The contestant of this name in another build of this program: the one that `--before` names.
    Another(&'static str),
}

/// What computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Framework {
    LibTorch,
    Candle,
}

/// Where the library has a network from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The library's layers, or a copied file.
    Code,
    /// An ONNX file that PyTorch has exported.
    File,
}

named! {
    /// Whose implementation.
    Who, WhoEntry, CONTESTANTS
}

const OURS: &[&str] = &["xai-libtorch", "xai-candle"];
const CANDLE: &[&str] = &["xai-candle", "xai-candle-unguarded"];

const fn ours(on: Framework) -> Runs {
    Runs::Ours { on, source: Source::Code, unguarded: false }
}

const fn file(on: Framework) -> Runs {
    Runs::Ours { on, source: Source::File, unguarded: false }
}

/// What most have.
const fn entry(name: &'static str, title: &'static str, words: &'static str, runs: Runs) -> WhoEntry {
    WhoEntry { name, words, title, runs, under: &[], open_mp: false, takes_chunk: false, threads: None }
}

static CONTESTANTS: [WhoEntry; 17] = [
    WhoEntry {
        under: &["xai-libtorch-onnx", "xai-candle"],
        open_mp: true,
        ..entry("xai-libtorch", "libtorch", "This library on libtorch", ours(Framework::LibTorch))
    },
    WhoEntry {
        under: &["xai-candle-onnx"],
        ..entry("xai-candle", "candle", "This library on candle", ours(Framework::Candle))
    },
    entry(
        "xai-candle-unguarded",
        "unguarded",
        "The same, which believes candle's tape: only where the model is candle's own code is there one",
        Runs::Ours { on: Framework::Candle, source: Source::Code, unguarded: true },
    ),
    WhoEntry {
        under: &["xai-candle"],
        threads: Some(1),
        ..entry("xai-candle-1-thread", "one thread", "This library on candle with one thread", ours(Framework::Candle))
    },
    WhoEntry {
        open_mp: true,
        ..entry(
            "xai-libtorch-onnx",
            "libtorch, ONNX",
            "This library on libtorch, the network out of an ONNX file",
            file(Framework::LibTorch),
        )
    },
    entry(
        "xai-candle-onnx",
        "candle, ONNX",
        "This library on candle, the network out of an ONNX file",
        file(Framework::Candle),
    ),
    WhoEntry { under: OURS, open_mp: true, takes_chunk: true, ..entry("captum", "Captum", "Captum", Runs::Python) },
    WhoEntry {
        under: OURS,
        open_mp: true,
        ..entry("pytorch-grad-cam", "pytorch-grad-cam", "pytorch-grad-cam: class activation maps", Runs::Python)
    },
    WhoEntry { under: OURS, open_mp: true, ..entry("zennit", "zennit", "zennit: relevance by rules", Runs::Python) },
    // Its threads are its own, and would inherit the one core that OpenMP binds the first to.
    WhoEntry {
        under: &["xai-libtorch-onnx", "xai-candle-onnx", "pytorch-optimized"],
        ..entry("onnxruntime", "onnxruntime", "onnxruntime: outputs of files", Runs::Python)
    },
    WhoEntry {
        under: &["xai-libtorch-onnx"],
        open_mp: true,
        ..entry(
            "pytorch-optimized",
            "PyTorch, optimised",
            "PyTorch's outputs, traced, frozen and optimised for inference: layers fused, weights packed beforehand",
            Runs::Python,
        )
    },
    WhoEntry {
        under: CANDLE,
        open_mp: true,
        ..entry("pytorch", "PyTorch", "PyTorch's own passes with its own backward, and nothing else", Runs::Python)
    },
    WhoEntry {
        under: &["pytorch"],
        open_mp: true,
        threads: Some(1),
        ..entry("pytorch-1-thread", "one thread", "The same with one thread", Runs::Python)
    },
    WhoEntry {
        under: &["xai-libtorch", "xai-libtorch-onnx"],
        open_mp: true,
        takes_chunk: true,
        ..entry(
            "bare-libtorch",
            "bare",
            "libtorch's own passes with its own backward, and nothing else",
            Runs::Bare(Framework::LibTorch),
        )
    },
    WhoEntry {
        under: CANDLE,
        takes_chunk: true,
        ..entry(
            "bare-candle",
            "bare",
            "candle's own passes with its own backward, and nothing else",
            Runs::Bare(Framework::Candle),
        )
    },
    WhoEntry {
        under: &["xai-libtorch"],
        open_mp: true,
        ..entry(
            "before-libtorch",
            "before",
            "Another build of this library on libtorch: the one that `--before` names",
            Runs::Another("xai-libtorch"),
        )
    },
    WhoEntry {
        under: &["xai-candle"],
        ..entry(
            "before-candle",
            "before",
            "Another build of this library on candle: the one that `--before` names",
            Runs::Another("xai-candle"),
        )
    },
];

impl Who {
    /// True when it has the analyzer.
    pub fn has(self, analyzer: &Entry) -> bool {
        analyzer.who.contains(&self.of_another_build().unwrap_or(self.name))
    }

    /// What another build of this library calls itself.
    pub fn of_another_build(self) -> Option<&'static str> {
        match self.runs {
            Runs::Another(name) => Some(name),
            _ => None,
        }
    }

    /// True for this library.
    pub fn is_ours(self) -> bool {
        matches!(self.runs, Runs::Ours { .. })
    }

    /// What is divided by what: the times of this library by those of the others, the peers first.
    pub fn ratios() -> impl Iterator<Item = (Who, Who)> {
        let rank = |who: &Who| match who.runs {
            Runs::Python => 0,
            Runs::Bare(_) => 1,
            Runs::Ours { .. } => 2,
            Runs::Another(_) => 3,
        };
        Who::all().flat_map(move |ours| {
            let mut theirs: Vec<Who> = Who::all().filter(|theirs| theirs.under.contains(&ours.name)).collect();
            theirs.sort_by_key(rank);
            theirs.into_iter().map(move |theirs| (ours, theirs))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Who;

    #[test]
    fn peers_come_before_the_other_framework() {
        let titles: Vec<String> =
            Who::ratios().map(|(ours, theirs)| format!("{} / {}", ours.title, theirs.title)).collect();
        let place = |title: &str| titles.iter().position(|found| found == title);
        assert!(place("libtorch / Captum") < place("libtorch / bare"));
        assert!(place("libtorch / bare") < place("candle / Captum"));
        assert!(place("candle / bare") < place("candle / libtorch"));
        assert!(place("candle / libtorch") < place("candle / before"));
        assert!(place("candle / before").is_some());
    }
}
