//! The examples and `xai` as commands, as somebody at a terminal meets them.
#![cfg(all(feature = "derive", feature = "pictures", feature = "files"))]
#![allow(clippy::unwrap_used, missing_docs)] // a test fails by panicking

mod command;
mod explain;
mod faults;
#[cfg(any(feature = "candle", feature = "tch"))]
mod folder;
#[cfg(any(feature = "candle", feature = "tch"))]
mod resnet;
#[cfg(feature = "candle")]
mod text;
#[cfg(feature = "candle")]
mod weights;
