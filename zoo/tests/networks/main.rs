//! Whole networks: gradients against central finite differences in double precision on plain arrays, the frameworks
//! against plain arrays, and what is special to networks that are written as forward code.
#![allow(clippy::unwrap_used, missing_docs)]

mod bert;
mod cases;
mod checks;
mod differences;
#[cfg(any(feature = "candle", feature = "tch"))]
mod frameworks;
mod samples;
mod unet;
mod vit;
