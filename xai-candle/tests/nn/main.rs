//! `nn`, `TensorExt` and `overlay` against finite differences, and models written by candle_nn's names.

#![allow(clippy::unwrap_used, missing_docs)] // a test fails by panicking

mod bert;
mod cache;
#[path = "../finite_differences/mod.rs"]
mod finite_differences;
mod functions;
mod layers;
mod methods;
mod overlays;
mod rows;
mod tape;
mod vit;
