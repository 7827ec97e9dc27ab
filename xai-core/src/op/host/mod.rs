//! The operations on plain ndarray arrays: the truth that the frameworks are compared with.
//!
//! Plain loops over row-major slices; sums of norms, means and softmaxes are kept in `f64`, convolutions and linear
//! layers are matrix products in the element type. Every shape has been checked before.

mod activation;
mod affine;
pub(super) mod array;
mod conv;
mod embedding;
mod extremes;
mod gather;
mod index_select;
mod linear;
mod norm;
pub(super) mod on_host;
mod pool;
mod resize;
mod select;
mod softmax;

pub(super) use self::pool::max_pool_segments;
