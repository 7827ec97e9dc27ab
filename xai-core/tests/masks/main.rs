//! Explaining by forward passes alone, on masked copies of the input.
#![allow(missing_docs, clippy::unwrap_used, unreachable_pub)]

mod ablation;
mod black_box;
mod cases;
mod data_set;
mod engine;
mod features;
mod fills;
mod lime;
mod limits;
mod owen;
mod rise;
mod shapley;
mod stopped;
mod super_pixels;
mod tree;
mod variance;
