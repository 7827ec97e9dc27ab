//! Connects xai to candle.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod kernels;
