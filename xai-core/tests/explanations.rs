//! What is explained: graphs and their passes, analyzers and wrappers, secants and other ways back.
#![allow(missing_docs, clippy::unwrap_used)]

mod analyzers;
mod cams;
mod graphs;
mod models;
mod paths;
mod relevance;
mod secants;
