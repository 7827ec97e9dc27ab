//! The layers of `xai_core::nn` on plain arrays: forward against independent formulas, pullbacks against finite
//! differences.

mod activation;
mod affine;
mod arithmetic;
mod choices;
mod composite;
mod conv;
mod conv_transpose;
mod facts;
mod gather;
mod geometry;
pub(crate) mod jacobian;
mod layout;
mod norm;
pub(crate) mod numbers;
mod pool;
mod precision;
mod refused;
mod resize;
mod softmax;
mod weights;
