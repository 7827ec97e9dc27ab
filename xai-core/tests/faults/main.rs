//! Faults that were found on inputs, models and files that nobody here wrote, each with its right value.

#![allow(clippy::unwrap_used)]

mod gradients;
mod limits;
mod numbers;
mod settings;
mod values;
