//! Metrics: exact answers.
#![allow(clippy::unwrap_used)]

mod evaluation;
mod geometry;
mod models;
mod of_methods;
mod perturbed;
mod precision;
mod progress;
mod randomisation;
mod table;
