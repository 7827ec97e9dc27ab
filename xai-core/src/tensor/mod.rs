//! What backends need beside [`Arithmetic`]: shapes, and counts of what travels.

pub(crate) mod arithmetic;
pub(crate) mod element;
mod fits;
mod matmul;
pub(crate) mod ndarray;
pub(crate) mod pullback;
mod shape;
#[allow(clippy::module_inception)]
pub(crate) mod tensor;
mod transfers;
pub(crate) mod weight;

pub(crate) use self::arithmetic::Arithmetic;
pub(crate) use self::arithmetic::check_order;
pub(crate) use self::element::Element;
pub(crate) use self::fits::check_fits;
pub(crate) use self::matmul::product_shape;
pub use self::shape::broadcast_shape;
pub(crate) use self::tensor::Tensor;
pub use self::transfers::{Transfers, count_transfers};
