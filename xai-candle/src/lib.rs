//! Connects xai to candle.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod autograd;
mod backend;
mod host;
mod kernels;
mod placement;
mod rules;

pub use backend::{Candle, Host};
pub use placement::Placement;
