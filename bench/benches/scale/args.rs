//! What is asked on the command line.

use clap::{Parser, ValueEnum};

/// Measures how cost grows.
#[derive(Debug, Parser)]
#[command(name = "scale")]
pub(crate) struct Args {
    /// What to measure [default: all]
    #[arg(value_enum)]
    parts: Vec<Part>,

    /// On which framework; may be given several times [default: both]
    #[arg(long = "backend", value_enum)]
    backends: Vec<Framework>,

    /// Timings of each size, in turn with the others; the fastest counts
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,

    /// How many photos the folder has
    #[arg(long, default_value_t = 1000)]
    pub(crate) photos: usize,

    /// Times the analyses once for `threads`, in a process with its own number of threads
    #[arg(long, hide = true)]
    pub(crate) child: bool,

    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Time against the number of copies, the batch and the pixels
    Sizes,
    /// A folder of photos, by the pipeline of the example `folder` and one at a time
    Folder,
    /// One thread against two
    Threads,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Framework {
    Candle,
    Tch,
}

impl Args {
    pub(crate) fn parts(&self) -> &[Part] {
        if self.parts.is_empty() { Part::value_variants() } else { &self.parts }
    }

    pub(crate) fn backends(&self) -> &[Framework] {
        if self.backends.is_empty() { Framework::value_variants() } else { &self.backends }
    }
}

/// Runs an expression once for each framework asked for, `$B` standing for it.
macro_rules! for_each_backend {
    ($args:expr, $B:ident => $run:expr) => {
        $args.backends().iter().try_for_each(|framework| -> xai_zoo::command_line::Outcome<()> {
            match framework {
                $crate::args::Framework::Candle => {
                    type $B = xai::candle::Candle;
                    $run
                }
                $crate::args::Framework::Tch => {
                    type $B = xai_tch::LibTorch;
                    $run
                }
            }
        })
    };
}
pub(crate) use for_each_backend;
