//! candle_nn's own layer types as layers of an explainable model.
//!
//! Weights are read, never recorded or changed. Each layer is written as operations of the vocabulary, as far as it is
//! made of them. Layers whose weights candle_nn keeps to itself, and those made of other code, run on candle's tape.

mod activation;
mod affine;
mod batch_norm;
mod conv;
mod conv_transpose;
mod embedding;
mod norm;
mod on_graph;
mod on_tape;
mod own_gradient;
mod prelu;
mod taped;
mod value;

pub(crate) use self::activation::activation;
pub(crate) use self::batch_norm::scale_and_shift;
pub(crate) use self::on_tape::combined;
pub use self::own_gradient::OwnGradient;
use self::value::Value;
