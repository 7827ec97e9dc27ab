//! What a model must be able to do: [`Differentiable`] and [`LayerSplit`], and the pieces that models are made of.

mod autograd;
mod chain;
mod differentiable;
mod function;
mod layer;
mod link;
mod pullback;
mod segments;
mod split;

pub use self::autograd::{Autograd, ForwardOutput, Recorded};
pub use self::chain::Chain;
pub use self::differentiable::{BoxModel, Differentiable, LayerSplit, Placed};
pub use self::function::{ForwardOnly, Function};
pub use self::layer::{Layer, LayerModel};
pub use self::link::Link;
pub(crate) use self::link::{forward_one_by_one, vjp_one_by_one};
pub use self::pullback::Pullback;
pub use self::segments::Segments;
pub use self::split::Split;
