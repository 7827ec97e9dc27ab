//! The operations that networks are made of.
//!
//! One operation is data: a struct with its parameters and weights. Its file has all its facts; its arithmetic on plain
//! arrays stands there too, or in `host/` where it is long. A backend computes it by an arm of its own, or by what is
//! provided ([`Backend`](crate::Backend)). A new operation is its file, and its three lines here.

mod activation;
mod adaptive_pool;
mod affine;
pub(crate) mod backend;
mod binary;
mod conv;
mod conv_block;
mod conv_transpose;
mod cum_sum;
mod embedding;
mod example;
mod fallback;
mod gather;
mod host;
mod index_select;
mod layout;
mod matmul;
mod norm;
mod operation;
mod pad;
mod padding;
mod pair;
mod pool;
mod portable;
mod reduce;
mod reference;
mod resize;
mod scale;
mod select;
pub(crate) mod shape;
mod softmax;
pub(crate) mod together;
pub(crate) mod vocabulary;
mod window;

pub use self::activation::{Activation, bounded};
pub use self::adaptive_pool::{AdaptiveAvgPool2d, AdaptiveMaxPool2d};
pub use self::affine::{BatchNorm2d, ChannelAffine, Linear};
pub use self::binary::Binary;
pub use self::conv::{Conv2d, ConvGeometry};
pub use self::conv_block::ConvBlock;
pub use self::conv_transpose::ConvTranspose2d;
pub use self::cum_sum::CumSum;
pub use self::embedding::Embedding;
pub use self::example::{Example, Numbers};
pub use self::fallback::{forward as provided_forward, secant_pull as provided_secant_pull, vjp as provided_vjp};
pub use self::gather::Gather;
pub use self::index_select::IndexSelect;
pub use self::layout::{Concatenate, Flatten, Narrow, Permute, Reshape};
pub use self::matmul::MatMul;
pub use self::norm::{GroupNorm, LayerNorm, RmsNorm};
pub use self::operation::Operation;
pub use self::pad::Pad2d;
pub use self::padding::{ConvPadding, Padding};
pub use self::pair::Pair;
pub use self::pool::{AvgPool2d, MaxPool2d};
pub use self::reduce::{Reduce, Reduction};
pub use self::resize::{Upsample2d, UpsampleMode};
pub use self::scale::Scale;
pub use self::select::Where;
pub use self::softmax::{LogSoftmax, Softmax};
pub(crate) use self::vocabulary::Op;

/// The list of the operations, for a macro that goes over them: those that are layers too, and those that are not, for
/// they take several inputs, name the batch axis, or have a word of their own in forward code.
macro_rules! operations {
    ($go:ident) => {
        $go! {
            layers {
                /// Two-dimensional convolution.
                Conv2d(Conv2d<B>),
                /// Two-dimensional transposed convolution.
                ConvTranspose2d(ConvTranspose2d<B>),
                /// Fully connected layer over the last axis.
                Linear(Linear<B>),
                /// A scale and a shift for each channel: batch norm in evaluation mode.
                ChannelAffine(ChannelAffine<B>),
                /// Layer norm over the last axes.
                LayerNorm(LayerNorm<B>),
                /// RMS norm over the last axis.
                RmsNorm(RmsNorm<B>),
                /// Group norm over the channels.
                GroupNorm(GroupNorm<B>),
                /// Max pooling.
                MaxPool2d(MaxPool2d),
                /// Average pooling.
                AvgPool2d(AvgPool2d),
                /// Average pooling to a given size.
                AdaptiveAvgPool2d(AdaptiveAvgPool2d),
                /// Max pooling to a given size.
                AdaptiveMaxPool2d(AdaptiveMaxPool2d),
                /// An elementwise function.
                Activation(Activation),
                /// Softmax along an axis.
                Softmax(Softmax),
                /// Logarithm of the softmax along an axis.
                LogSoftmax(LogSoftmax),
                /// Up-sampling to another size.
                Upsample2d(Upsample2d),
                /// Zeros (or another value) around an image.
                Pad2d(Pad2d),
                /// Sums of each entry and those before it.
                CumSum(CumSum),
                /// Axes made one.
                Flatten(Flatten),
                /// Rows of a table, by whole numbers.
                Embedding(Embedding<B>),
            }
            others {
                /// One scale and one shift for all numbers.
                Scale(Scale),
                /// The same numbers in another shape.
                Reshape(Reshape),
                /// The axes in another order.
                Permute(Permute),
                /// A part of an axis.
                Narrow(Narrow),
                /// Sum, mean, maximum or minimum over axes.
                Reduce(Reduce),
                /// Entries of an axis by fixed places.
                IndexSelect(IndexSelect),
                /// Sum, difference, product or quotient of two tensors, broadcast.
                Binary(Binary),
                /// One of two tensors, by a condition.
                Where(Where),
                /// Matrix products over the last two axes.
                MatMul(MatMul),
                /// Tensors one after another along an axis.
                Concatenate(Concatenate),
                /// Entries of an axis, by an input's whole numbers.
                Gather(Gather),
            }
        }
    };
}
pub(crate) use operations;
