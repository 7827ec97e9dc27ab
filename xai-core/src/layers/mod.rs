//! The layers that networks are built from: the operations as layers, layers of layers, and weights by name.

mod concat;
mod function;
mod load;
mod ops;
mod pass;
mod residual;
mod sequential;
mod spelling;
mod weights;

pub use self::concat::Concat;
pub use self::function::{ForwardOnly, Function};
pub use self::pass::{Dropout, Identity};
pub use self::residual::Residual;
pub use self::sequential::{AnyLayer, Sequential};
pub use self::weights::Weights;
