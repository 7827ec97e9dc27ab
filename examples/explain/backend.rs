//! Which framework computes, and where: one model source for all of them.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use xai::NdArray;

use crate::args::Args;
use crate::command_line::{Outcome, failure};
use crate::run::run;

/// A framework, as on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Framework {
    /// candle
    Candle,
    /// libtorch
    Tch,
    /// plain arrays, slow: the reference
    Ndarray,
}

impl Default for Framework {
    /// The first that this build has.
    fn default() -> Self {
        if cfg!(feature = "candle") {
            Framework::Candle
        } else if cfg!(feature = "tch") {
            Framework::Tch
        } else {
            Framework::Ndarray
        }
    }
}

impl Framework {
    /// The name on the command line and in JSON.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Framework::Candle => "candle",
            Framework::Tch => "tch",
            Framework::Ndarray => "ndarray",
        }
    }
}

/// A device, as on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    Cpu,
    Cuda(usize),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let card = || text.strip_prefix("cuda:")?.parse().ok().map(Device::Cuda);
        let device = if text == "cpu" { Some(Device::Cpu) } else { card() };
        device.ok_or_else(|| "it is cpu or cuda:N, as cuda:0".into())
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(card) => write!(f, "cuda:{card}"),
        }
    }
}

/// Explains on the framework and the device that the command line names.
pub(crate) fn run_as_told(args: &Args) -> Outcome<()> {
    match args.framework() {
        Framework::Candle => candle(args),
        Framework::Tch => tch(args),
        Framework::Ndarray => match args.device {
            Device::Cpu => run::<NdArray>(args, ()),
            device => Err(failure(format!("plain arrays are on the cpu, not on {device}: take another --backend"))),
        },
    }
}

#[cfg(feature = "candle")]
fn candle(args: &Args) -> Outcome<()> {
    let device = match args.device {
        Device::Cpu => candle_core::Device::Cpu,
        Device::Cuda(_) if cfg!(not(feature = "cuda")) => return lacking("CUDA for candle", "cuda"),
        Device::Cuda(card) => candle_core::Device::new_cuda(card)
            .map_err(|error| failure(format!("candle cannot use {}: {error}", args.device)))?,
    };
    run::<xai::candle::Candle>(args, device.into())
}

#[cfg(not(feature = "candle"))]
fn candle(_: &Args) -> Outcome<()> {
    lacking("candle", "candle")
}

#[cfg(feature = "tch")]
fn tch(args: &Args) -> Outcome<()> {
    use xai::tch::tch::{Cuda, Device as Place};
    let device = match args.device {
        Device::Cpu => Place::Cpu,
        Device::Cuda(card) if i64::try_from(card).is_ok_and(|card| card < Cuda::device_count()) => Place::Cuda(card),
        device => {
            return Err(failure(format!(
                "libtorch cannot use {device}: it sees {} CUDA devices; build `--features tch` with LIBTORCH set to a \
                 libtorch with CUDA",
                Cuda::device_count()
            )));
        }
    };
    run::<xai::tch::LibTorch>(args, device.into())
}

#[cfg(not(feature = "tch"))]
fn tch(_: &Args) -> Outcome<()> {
    lacking("libtorch", "tch")
}

/// What this build was made without.
#[allow(dead_code)] // with every feature on there is no such thing
fn lacking(what: &str, feature: &str) -> Outcome<()> {
    Err(failure(format!("this build has no {what}: build the example with `--features {feature}`")))
}
