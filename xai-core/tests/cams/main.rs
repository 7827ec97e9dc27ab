//! Class activation maps: exact answers, several places, tokens, costs, refusals.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../models/mod.rs"]
mod models;

mod alike;
mod around;
mod closed_forms;
mod eigen;
mod heads;
mod layers;
mod places;
mod refused;
mod transfers;
mod variants;
