//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use measured::names::{Analyzer, Family, Network, Who};
use xai_cli::backend::Device;

/// Times xai beside Python's libraries and the bare frameworks, in one run
///
/// Prints a table for each family of analyzers and writes target/bench.json. Each contestant is a process of its own;
/// they run in turn, one at a time, on the same photo, with the same weights and as many threads. Without options
/// everything is measured, which takes hours on two cores; `--family gradients` takes about 25 minutes.
#[derive(Debug, Parser)]
#[command(name = "bench.sh", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// A network; may be given several times [default: all]
    #[arg(long = "network", value_name = "NAME", value_parser = Network::parser())]
    pub(crate) networks: Vec<Network>,

    /// A family of analyzers, which is a table of its own; may be given several times [default: all]
    #[arg(long = "family", value_name = "NAME", value_enum)]
    pub(crate) families: Vec<Family>,

    /// An analyzer; may be given several times [default: all of the families]
    #[arg(long = "analyzer", value_name = "NAME", value_parser = Analyzer::parser())]
    pub(crate) analyzers: Vec<Analyzer>,

    /// A contestant; may be given several times [default: all]
    #[arg(long = "who", value_name = "NAME", value_parser = Who::parser())]
    pub(crate) who: Vec<Who>,

    /// Another build of this program, whose library runs beside this one's: a change's table, before and after
    #[arg(long, value_name = "PATH")]
    pub(crate) before: Option<PathBuf>,

    /// How often each contestant runs [default: 31, and 3 for what takes many passes; 5 and 1 with --quick]
    #[arg(long, value_name = "N", value_parser = count)]
    pub(crate) runs: Option<usize>,

    /// How often each contestant is started anew, first and last in turn [default: 1; 2 with --before]
    #[arg(long, value_name = "N", value_parser = count)]
    pub(crate) starts: Option<usize>,

    /// Fewer runs, and no search for the best chunk size, which is then 10: for a first look
    #[arg(long)]
    pub(crate) quick: bool,

    /// How many threads each contestant has
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = count)]
    pub(crate) threads: usize,

    /// Where everybody computes: cpu, or cuda:N for the graphics card number N, from 0. A card has tables of its own,
    /// in target/bench-cuda.json; contestants on candle need the program built with `--features cuda`, those on
    /// libtorch a libtorch for CUDA
    #[arg(long, value_name = "NAME", default_value_t = Device::Cpu)]
    pub(crate) device: Device,

    /// Keeps from target/bench.json what is not measured anew
    #[arg(long)]
    pub(crate) add: bool,

    /// Measures nothing: prints the table of target/bench.json
    #[arg(long)]
    pub(crate) show: bool,

    /// Also writes the tables to this file, with the machine, the versions and the command: that of a family between
    /// its lines `<!-- bench FAMILY -->` and `<!-- /bench FAMILY -->`; gradients do without the name
    #[arg(long, value_name = "FILE.md")]
    pub(crate) markdown: Option<PathBuf>,

    /// The Python that has torch and the peers
    #[arg(long, value_name = "PATH", default_value = "python3", hide = true)]
    pub(crate) python: PathBuf,

    /// Today's date
    #[arg(long, value_name = "DATE", default_value = "", hide = true)]
    pub(crate) date: String,
}

/// What the driver starts this program as.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A contestant, which reads its orders from the standard input
    #[command(hide = true)]
    Worker(Job),
}

/// What a contestant has to do. `bench/python/worker.py` has the same options.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Job {
    #[arg(long, value_parser = Network::parser())]
    pub(crate) network: Network,
    #[arg(long, value_parser = Analyzer::parser())]
    pub(crate) analyzer: Analyzer,
    #[arg(long, value_parser = Who::parser())]
    pub(crate) who: Who,
    /// The folder that `bench/python/prepare.py` wrote.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// The output to explain.
    #[arg(long)]
    pub(crate) target: usize,
    /// How many copies go through the network at once, where that is the caller's to say.
    #[arg(long)]
    pub(crate) chunk: usize,
    #[arg(long)]
    pub(crate) threads: usize,
    #[arg(long)]
    pub(crate) device: Device,
}

impl Args {
    /// What is to be measured, network by network.
    pub(crate) fn groups(&self) -> Vec<(Network, Analyzer)> {
        let networks = Network::all().filter(|network| given(&self.networks, network));
        networks.flat_map(|network| self.analyzers(network).into_iter().map(move |found| (network, found))).collect()
    }

    fn analyzers(&self, network: Network) -> Vec<Analyzer> {
        let chosen = |found: &Analyzer| given(&self.analyzers, found) && given(&self.families, &found.family);
        Analyzer::all().filter(|found| chosen(found) && found.on.takes(network)).collect()
    }

    /// The contestants.
    pub(crate) fn who(&self) -> Vec<Who> {
        let chosen = Who::all().filter(|who| given(&self.who, who));
        chosen.filter(|who| who.of_another_build().is_none() || self.before.is_some()).collect()
    }

    /// How often each contestant is started.
    pub(crate) fn starts(&self) -> usize {
        self.starts.unwrap_or(if self.before.is_some() { 2 } else { 1 })
    }

    /// How often each contestant runs.
    pub(crate) fn runs(&self, analyzer: Analyzer) -> usize {
        let default = match (self.quick, analyzer.is_long()) {
            (false, false) => 31,
            (true, false) => 5,
            (false, true) => 3,
            (true, true) => 1,
        };
        self.runs.unwrap_or(default)
    }
}

/// True for what was named, and for all where nothing was.
fn given<T: PartialEq>(named: &[T], one: &T) -> bool {
    named.is_empty() || named.contains(one)
}

fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&n| n > 0).ok_or_else(|| "it must be a whole number of at least 1".into())
}
