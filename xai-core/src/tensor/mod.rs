//! Tensors: what a framework must be able to do with them, and the reference on plain arrays.

mod arithmetic;
mod element;
mod fits;
mod matmul;
mod ndarray;
mod pullback;
mod shape;
#[allow(clippy::module_inception)]
mod tensor;
mod transfers;
mod weight;

pub use self::arithmetic::Arithmetic;
pub(crate) use self::arithmetic::check_order;
pub use self::element::Element;
pub(crate) use self::fits::check_fits;
pub(crate) use self::matmul::product_shape;
pub use self::ndarray::NdArray;
pub use self::pullback::Pullback;
pub use self::shape::broadcast_shape;
pub use self::tensor::Tensor;
pub use self::transfers::{Transfers, count_transfers};
pub use self::weight::Weight;
