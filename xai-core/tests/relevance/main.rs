//! Ways back other than the gradient, against exact answers.
#![allow(missing_docs, clippy::unwrap_used, unreachable_pub)]

#[path = "../models/mod.rs"]
mod models;

mod by_hand;
mod composites;
mod deep_lift;
mod full_grad;
mod guided;
mod lrp;
mod nets;
