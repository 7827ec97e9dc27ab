//! `Quadrature::Secant`: mean gradients over the segments of a path.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../models/mod.rs"]
mod models;

mod networks;
mod paths;
mod pools;
mod steps;
