//! The layers of `xai_core::nn` on plain arrays: forward against independent formulas, pullbacks against finite
//! differences.
#![allow(clippy::unwrap_used, missing_docs)]

mod activation;
mod affine;
mod arithmetic;
mod choices;
mod composite;
mod conv;
mod conv_transpose;
mod geometry;
mod jacobian;
mod layout;
mod norm;
mod numbers;
mod pool;
mod precision;
mod refused;
mod resize;
mod softmax;
mod weights;
