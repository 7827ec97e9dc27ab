//! Sets of references, second moments, and curved paths.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../models/mod.rs"]
mod models;

mod curves;
mod moments;
mod references;
mod same;
