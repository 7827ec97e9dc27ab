//! What commands that explain are made of: the ends of a program, frameworks and devices, methods by name and their
//! settings, a folder of photos, rankings.
//!
//! The binary of this package is the command `xai`; this repository's examples are written with the same parts.
//!
//! ```
//! use clap::Parser;
//! use xai::AnalyzerInfo;
//! use xai_cli::command_line::Outcome;
//! use xai_cli::options::Options;
//!
//! /// A command with the settings of all methods as its options.
//! #[derive(Parser)]
//! struct Args {
//!     #[arg(default_value = "smooth-grad")]
//!     method: String,
//!     #[command(flatten)]
//!     options: Options,
//! }
//!
//! fn explain(args: &Args) -> Outcome<()> {
//!     let method = AnalyzerInfo::find(&args.method)?;
//!     args.options.check(&[method], "--list")
//! }
//!
//! let typed = |words: &[&str]| Args::try_parse_from(words).map_err(Into::into).and_then(|args| explain(&args));
//! assert!(typed(&["why", "smooth-grad", "--n", "20", "--noise", "0.2"]).is_ok());
//! // It draws no references.
//! assert!(typed(&["why", "smooth-grad", "--references", "zeros"]).is_err());
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod analyzers;
pub mod backend;
#[cfg(feature = "files")]
pub mod classes;
pub mod command_line;
#[cfg(feature = "pictures")]
pub mod failures;
#[cfg(feature = "files")]
pub mod labels;
pub mod networks;
pub mod options;
pub mod pipeline;
pub mod ranking;
#[cfg(all(feature = "files", feature = "pictures"))]
pub mod runner;
