//! Which framework computes, and where: one model source for all of them.
//!
//! ```
//! use ndarray::array;
//! use xai::nn::Activation;
//! use xai::{Analyzer, Backend, Differentiable, Gradient, Net};
//! use xai_cli::backend::{Device, Framework, Program, run};
//! use xai_cli::command_line::Outcome;
//!
//! /// The slope of silu at 0.
//! struct Slope;
//!
//! impl Program for Slope {
//!     fn run<B: Backend<Elem = f32>>(&self, placement: B::Placement) -> Outcome<()> {
//!         let net = Net::<B, _>::new(Activation::Silu).at(placement);
//!         assert_eq!(Gradient.analyze(&net, &array![[0f32]], 0)?.values, array![[0.5]]);
//!         Ok(())
//!     }
//! }
//!
//! run(Framework::default(), "cpu".parse::<Device>()?, &Slope)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use xai::{Backend, NdArray};

use crate::command_line::{Outcome, failure};

/// A framework, as on the command line.
///
/// ```
/// use clap::ValueEnum;
/// use xai_cli::backend::Framework;
///
/// assert_eq!(Framework::from_str("tch", false), Ok(Framework::Tch));
/// assert_eq!(Framework::Candle.key(), "candle");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Framework {
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
    pub fn key(self) -> &'static str {
        match self {
            Framework::Candle => "candle",
            Framework::Tch => "tch",
            Framework::Ndarray => "ndarray",
        }
    }
}

/// A device, as on the command line.
///
/// ```
/// use xai_cli::backend::Device;
///
/// assert_eq!("cuda:1".parse(), Ok(Device::Cuda(1)));
/// assert_eq!(Device::Cpu.to_string(), "cpu");
/// assert!("gpu".parse::<Device>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// The graphics card of this number, from 0.
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

/// Bounds how many threads compute, before anything is computed.
///
/// # Errors
/// When threads run already.
///
/// ```
/// use xai_cli::backend::{Framework, limit_threads};
///
/// limit_threads(Framework::Candle, 2)?;
/// // They run by now.
/// assert!(limit_threads(Framework::Candle, 1).is_err());
/// // Plain arrays take one, whatever is asked for.
/// limit_threads(Framework::Ndarray, 8)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn limit_threads(framework: Framework, threads: usize) -> Outcome<()> {
    match framework {
        Framework::Candle => candle_threads(threads),
        Framework::Tch => {
            tch_threads(threads);
            Ok(())
        }
        // One, whatever is asked for.
        Framework::Ndarray => Ok(()),
    }
}

#[cfg(feature = "candle")]
fn candle_threads(threads: usize) -> Outcome<()> {
    let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    built.map_err(|error| failure(format!("cannot compute with {threads} threads: {error}")))
}

#[cfg(not(feature = "candle"))]
fn candle_threads(_: usize) -> Outcome<()> {
    Ok(()) // that it is missing is said where it would run
}

#[cfg(feature = "tch")]
fn tch_threads(threads: usize) {
    // Bounded by the command line, so that it fits.
    xai::tch::tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
}

#[cfg(not(feature = "tch"))]
fn tch_threads(_: usize) {}

/// A program that is written once for all frameworks.
///
/// ```
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Backend, Differentiable, Gradient, Net};
/// use xai_cli::backend::Program;
/// use xai_cli::command_line::Outcome;
///
/// /// The slope of silu at 0.
/// struct Slope;
///
/// impl Program for Slope {
///     fn run<B: Backend<Elem = f32>>(&self, placement: B::Placement) -> Outcome<()> {
///         let net = Net::<B, _>::new(Activation::Silu).at(placement);
///         assert_eq!(Gradient.analyze(&net, &array![[0f32]], 0)?.values, array![[0.5]]);
///         Ok(())
///     }
/// }
///
/// // On one of them by its type.
/// Slope.run::<xai::NdArray>(())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Program {
    /// Runs on one of them.
    ///
    /// # Errors
    /// What went wrong, for the one who typed the command.
    fn run<B: Backend<Elem = f32>>(&self, placement: B::Placement) -> Outcome<()>;
}

/// Runs on the framework and the device that the command line names.
///
/// # Errors
/// A framework or a device that this build has not, and the program's own.
///
/// ```
/// use xai::Backend;
/// use xai_cli::backend::{Device, Framework, Program, run};
/// use xai_cli::command_line::Outcome;
///
/// struct Nothing;
///
/// impl Program for Nothing {
///     fn run<B: Backend<Elem = f32>>(&self, _: B::Placement) -> Outcome<()> {
///         Ok(())
///     }
/// }
///
/// run(Framework::Ndarray, Device::Cpu, &Nothing)?;
/// assert!(run(Framework::Ndarray, Device::Cuda(0), &Nothing).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run(framework: Framework, device: Device, program: &impl Program) -> Outcome<()> {
    match framework {
        Framework::Candle => candle(device, program),
        Framework::Tch => tch(device, program),
        Framework::Ndarray => match device {
            Device::Cpu => program.run::<NdArray>(()),
            device => Err(failure(format!("plain arrays are on the cpu, not on {device}: take another --backend"))),
        },
    }
}

#[cfg(feature = "candle")]
fn candle(device: Device, program: &impl Program) -> Outcome<()> {
    program.run::<xai::candle::Candle>(candle_device(device)?.into())
}

/// The device as candle knows it, by a handle of its own: tensors of two handles do not go together.
///
/// # Errors
/// A card that candle does not see, or no CUDA in this build.
///
/// ```
/// use xai_cli::backend::{Device, candle_device};
///
/// assert!(candle_device(Device::Cpu)?.is_cpu());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "candle")]
pub fn candle_device(device: Device) -> Outcome<candle_core::Device> {
    match device {
        Device::Cpu => Ok(candle_core::Device::Cpu),
        Device::Cuda(_) if cfg!(not(feature = "cuda")) => lacking("CUDA for candle", "cuda"),
        Device::Cuda(card) => {
            candle_core::Device::new_cuda(card).map_err(|error| failure(format!("candle cannot use {device}: {error}")))
        }
    }
}

#[cfg(not(feature = "candle"))]
fn candle(_: Device, _: &impl Program) -> Outcome<()> {
    lacking("candle", "candle")
}

#[cfg(feature = "tch")]
fn tch(device: Device, program: &impl Program) -> Outcome<()> {
    program.run::<xai::tch::LibTorch>(torch_device(device)?.into())
}

/// The device as libtorch knows it.
///
/// # Errors
/// A card that it does not see.
///
/// ```
/// use xai::tch::tch;
/// use xai_cli::backend::{Device, torch_device};
///
/// assert_eq!(torch_device(Device::Cpu)?, tch::Device::Cpu);
/// // There are not so many.
/// assert!(torch_device(Device::Cuda(1000)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "tch")]
pub fn torch_device(device: Device) -> Outcome<xai::tch::tch::Device> {
    use xai::tch::tch::{Cuda, Device as Place};
    match device {
        Device::Cpu => Ok(Place::Cpu),
        Device::Cuda(card) if i64::try_from(card).is_ok_and(|card| card < Cuda::device_count()) => {
            Ok(Place::Cuda(card))
        }
        device => Err(failure(format!(
            "libtorch cannot use {device}: it sees {} CUDA devices; build `--features tch` with LIBTORCH set to a \
             libtorch with CUDA",
            Cuda::device_count()
        ))),
    }
}

#[cfg(not(feature = "tch"))]
fn tch(_: Device, _: &impl Program) -> Outcome<()> {
    lacking("libtorch", "tch")
}

/// What this build was made without.
#[allow(dead_code)] // with every feature on there is no such thing
fn lacking<T>(what: &str, feature: &str) -> Outcome<T> {
    Err(failure(format!("this build has no {what}: build it with `--features {feature}`")))
}
