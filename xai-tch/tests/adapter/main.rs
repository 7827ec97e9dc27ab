//! The libtorch adapter: operations, layers, the tape, TorchScript.
#![allow(missing_docs, clippy::unwrap_used)]

mod backend;
mod differences;
mod inputs;
mod kinds;
mod layers;
mod ops;
mod ops_values;
mod packed;
mod residual;
mod run;
mod tape;
mod torch_script;
mod training;
mod wide;
