//! Explaining by forward passes alone, on masked copies of the input.
#![allow(missing_docs, clippy::unwrap_used, unreachable_pub)]

mod ablation;
mod black_box;
mod cases;
mod engine;
mod features;
mod fills;
mod stopped;
