//! What commands that explain are made of: the ends of a program, frameworks and devices, methods by name and their
//! settings, a folder of photos, rankings.
//!
//! The binary of this package is the command `xai`; this repository's examples are written with the same parts.
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
