//! Files of the ONNX project, files by hand, and files that mean harm.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, missing_docs)]

mod einsum;
mod fused;
mod fuzz;
mod hostile;
mod masks;
mod memory;
mod moved;
mod names;
mod network;
mod operators;
mod overflows;
mod recurrent;
mod refusals;
mod sklearn;
mod stored;
mod types;
mod wire;
