//! What is measured, by the program and by the benchmarks.

pub mod names;
pub mod photos;
pub mod subject;
