//! What a model must be able to do: [`Differentiable`] and [`LayerSplit`], and what models are made of.

mod black_box;
mod differentiable;
mod evaluation_mode;
mod method;
mod models;
mod net;
mod split;
mod up_to;

pub use self::black_box::BlackBox;
pub use self::differentiable::{BoxModel, Differentiable, LayerSplit, Placed};
pub use self::evaluation_mode::EvaluationMode;
pub use self::method::Method;
pub use self::net::Net;
pub use self::split::Split;
pub use self::up_to::UpTo;
