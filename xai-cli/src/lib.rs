//! What commands that explain are made of: the ends of a program, frameworks and devices, methods by name and their
//! settings, photos of a folder, rankings.
//!
//! The binary of this package is the command `xai`; this repository's examples are written with the same parts.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod analyzers;
pub mod backend;
pub mod command_line;
pub mod networks;
pub mod options;
pub mod pipeline;
pub mod ranking;
