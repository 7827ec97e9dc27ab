//! What is explained: graphs and their passes, analyzers and wrappers, secants.
#![allow(missing_docs, clippy::unwrap_used)]

mod analyzers;
mod graphs;
mod models;
mod secants;
