//! Metrics: exact answers.
#![allow(clippy::unwrap_used)]

mod geometry;
mod models;
mod of_methods;
mod perturbed;
mod precision;
mod randomisation;
mod table;
