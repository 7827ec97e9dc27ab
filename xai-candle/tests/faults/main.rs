//! Faults that were found on models that nobody here wrote, each with its right value.

#![allow(clippy::unwrap_used)]

mod batches;
mod cuts;
mod halves;
mod tape;
mod wide;
