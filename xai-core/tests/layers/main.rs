//! Layers that are made of several operations: forward against loops written from PyTorch's formulas, gradients against
//! finite differences.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../forward_code/checks.rs"]
#[allow(dead_code)]
mod checks;
#[path = "../nn_ops/jacobian.rs"]
#[allow(dead_code)]
mod jacobian;
#[path = "../models/mod.rs"]
mod models;
#[path = "../nn_ops/numbers.rs"]
#[allow(dead_code)]
mod numbers;

mod attention;
mod cases;
mod conv;
mod explained;
mod pixels;
mod pools;
mod recurrent;
mod refused;
