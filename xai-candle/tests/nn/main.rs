//! `nn`, `ops`, `TensorExt`, `overlay` and candle_nn's own layers against finite differences, and models written by
//! candle_nn's names.

#![allow(clippy::unwrap_used, missing_docs)] // a test fails by panicking

mod bert;
mod cache;
mod candle_nn_layers;
mod finite_differences;
mod functions;
mod inputs;
mod layers;
mod methods;
mod ops_on_tape;
mod overlays;
mod rows;
mod tape;
mod training;
mod training_layers;
mod vit;
