//! A network as data: [`Graph`], and the forward code that writes one down.
//!
//! A [`Layer`] writes itself down on a [`Var`], once for each pass; what comes of it is a graph of operations with
//! named places. Running it, pulling back, cutting it at a place are passes over that graph.

mod affine;
mod arithmetic;
mod autograd;
mod backward;
mod choices;
mod cut;
mod forward;
#[allow(clippy::module_inception)]
mod graph;
mod images;
mod kept;
mod layer;
mod looked;
mod names;
mod node;
mod opaque;
mod operators;
mod places;
mod rows;
mod rules;
mod runs;
mod taped;
mod together;
mod touches;
mod trace;
mod tracer;
mod training;
mod values;
mod var;
mod weights;

pub use self::autograd::{Autograd, ForwardOutput};
pub use self::graph::Graph;
pub(crate) use self::images::Image;
pub use self::kept::Kept;
pub use self::layer::Layer;
pub use self::node::{Node, Step, Value};
pub use self::opaque::Opaque;
pub use self::places::Place;
pub use self::rules::{Rules, Site};
pub use self::var::Var;
