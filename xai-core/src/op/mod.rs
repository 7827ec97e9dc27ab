//! The operations that networks are made of.
//!
//! One operation is data: a struct with its parameters and weights. Its file has all its facts, `host/` its arithmetic
//! on plain arrays; a backend computes it, by an arm of its own or by the host's ([`Backend`]). A new operation is its
//! file, its arithmetic, and a line in the list below.

mod activation;
mod affine;
mod backend;
mod binary;
mod conv;
mod conv_block;
mod conv_transpose;
mod embedding;
mod fallback;
mod gather;
mod host;
mod index_select;
mod layout;
mod matmul;
mod norm;
mod operation;
mod padding;
mod pair;
mod pool;
mod portable;
mod reduce;
mod reference;
mod resize;
mod select;
pub(crate) mod shape;
mod window;

pub use self::activation::{Activation, LogSoftmax, Softmax};
pub use self::affine::{BatchNorm2d, ChannelAffine, Linear, Scale};
pub use self::backend::{Backend, FusedResult, TapePullback};
pub use self::binary::Binary;
pub use self::conv::{Conv2d, ConvGeometry};
pub use self::conv_block::ConvBlock;
pub use self::conv_transpose::ConvTranspose2d;
pub use self::embedding::Embedding;
pub use self::fallback::{forward as provided_forward, vjp as provided_vjp};
pub use self::gather::Gather;
pub use self::index_select::IndexSelect;
pub use self::layout::{Concatenate, Flatten, Narrow, Permute, Reshape};
pub use self::matmul::MatMul;
pub use self::norm::{GroupNorm, LayerNorm, RmsNorm};
pub use self::operation::Operation;
pub use self::padding::{ConvPadding, Padding};
pub use self::pair::Pair;
pub use self::pool::{AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d};
pub use self::reduce::{Reduce, Reduction};
pub use self::resize::{Pad2d, Upsample2d, UpsampleMode};
pub use self::select::Where;
use crate::{Arithmetic, Result, Weight};

macro_rules! vocabulary {
    ($($(#[$doc:meta])* $name:ident($kind:ty)),* $(,)?) => {
        /// One operation of the vocabulary, with its weights, by value: cloning shares the numbers.
        ///
        /// Any operation struct becomes one with `into()`.
        #[derive(Debug, Clone)]
        pub enum Op<B: Arithmetic> {
            $($(#[$doc])* $name($kind)),*
        }

        $(impl<B: Arithmetic> From<$kind> for Op<B> {
            fn from(op: $kind) -> Self {
                Op::$name(op)
            }
        })*

        impl<B: Arithmetic> Op<B> {
            /// The operation's name, for messages: its struct's.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Op::$name(_) => <$kind as Operation<B>>::NAME),*
                }
            }

            /// The output's shape for the inputs' shapes, with everything checked: [`Operation::output_of`].
            ///
            /// # Errors
            /// As each operation's own.
            pub fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
                match self {
                    $(Op::$name(op) => Operation::<B>::output_of(op, inputs)),*
                }
            }

            /// True when the output is affine in the inputs that vary, so that the pullback to them is the same
            /// everywhere.
            pub fn is_affine(&self, varies: &[bool]) -> bool {
                match self {
                    $(Op::$name(op) => Operation::<B>::is_affine(op, varies)),*
                }
            }

            /// True when a gradient goes back to this input; false for one that chooses by whole numbers.
            pub fn is_differentiable(&self, input: usize) -> bool {
                match self {
                    $(Op::$name(op) => Operation::<B>::is_differentiable(op, input)),*
                }
            }

            /// The weights that it holds.
            pub fn weights(&self) -> Vec<&Weight<B>> {
                match self {
                    $(Op::$name(op) => Operation::<B>::weights(op)),*
                }
            }

            /// Where its inputs have to be brought, if it knows.
            pub fn placement(&self) -> Option<B::Placement> {
                match self {
                    $(Op::$name(op) => Operation::<B>::placement(op)),*
                }
            }

            /// The same operation with other weights, also those of another backend.
            ///
            /// # Errors
            /// Those of `bring`.
            pub fn with_weights<C: Arithmetic>(
                &self,
                mut bring: impl FnMut(&Weight<B>) -> Result<Weight<C>>,
            ) -> Result<Op<C>> {
                match self {
                    $(Op::$name(op) => Operation::<B>::with_weights(op, &mut bring).map(Op::$name)),*
                }
            }
        }
    };
}

vocabulary! {
    /// Two-dimensional convolution.
    Conv2d(Conv2d<B>),
    /// Two-dimensional transposed convolution.
    ConvTranspose2d(ConvTranspose2d<B>),
    /// Fully connected layer over the last axis.
    Linear(Linear<B>),
    /// A scale and a shift for each channel: batch norm in evaluation mode.
    ChannelAffine(ChannelAffine<B>),
    /// One scale and one shift for all numbers.
    Scale(Scale),
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
    /// Sum, difference, product or quotient of two tensors, broadcast.
    Binary(Binary),
    /// One of two tensors, by a condition.
    Where(Where),
    /// Matrix products over the last two axes.
    MatMul(MatMul),
    /// Tensors one after another along an axis.
    Concatenate(Concatenate),
    /// The same numbers in another shape.
    Reshape(Reshape),
    /// Axes made one.
    Flatten(Flatten),
    /// The axes in another order.
    Permute(Permute),
    /// A part of an axis.
    Narrow(Narrow),
    /// Sum, mean, maximum or minimum over axes.
    Reduce(Reduce),
    /// Entries of an axis by fixed places.
    IndexSelect(IndexSelect),
    /// Entries of an axis, by an input's whole numbers.
    Gather(Gather),
    /// Rows of a table, by whole numbers.
    Embedding(Embedding<B>),
}

impl<B: Arithmetic> Op<B> {
    /// Whether it takes the batch axis away from the front, or computes along it.
    pub(crate) fn mixes_rows(&self) -> bool {
        match self {
            Op::Permute(op) => op.order.first() != Some(&0),
            Op::Narrow(op) => op.axis == 0,
            Op::IndexSelect(op) => op.axis == 0,
            Op::Concatenate(op) => op.axis == 0,
            Op::Reduce(Reduce { axes, .. }) => axes.contains(&0),
            _ => false,
        }
    }

    /// The elementwise function, if it is one.
    pub fn as_activation(&self) -> Option<Activation> {
        match self {
            Op::Activation(f) => Some(*f),
            _ => None,
        }
    }
}
