//! What networks are made of, on plain arrays: the operations, the layers that are made of several of them, and whole
//! networks written as forward code. Forward against independent formulas, the way back against finite differences.
#![allow(missing_docs, clippy::unwrap_used)]

mod forward_code;
mod layers;
mod models;
mod nn_ops;
