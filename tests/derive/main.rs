//! `#[derive(Explainable)]`: what a derived model computes, against exact numbers.
#![cfg(feature = "derive")]
#![allow(clippy::unwrap_used)]

mod fields;
mod generics;
mod layers;
mod methods;
mod nested;
mod placed;
mod probe;
mod secants;
mod whole;
