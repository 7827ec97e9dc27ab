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
use self::host::on_host::OnHost;
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
use crate::{Arithmetic, Element, NdArray, Result, Weight};

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

macro_rules! vocabulary {
    (layers { $($layer:tt)* } others { $($other:tt)* }) => {
        vocabulary! { $($layer)* $($other)* }
    };
    ($($(#[$doc:meta])* $name:ident($kind:ty)),* $(,)?) => {
        /// One operation of the vocabulary, with its weights, by value: cloning shares the numbers.
        ///
        /// Any operation struct becomes one with `into()`. The vocabulary grows: a backend names those that it computes
        /// itself, and leaves the rest to what is provided for every backend.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::{Activation, Linear, Op};
        /// use xai::{NdArray, Tensor};
        ///
        /// let weight = Tensor::<NdArray>::upload(array![[1.0, -2.0]].view().into_dyn(), &())?;
        /// let linear: Op<NdArray> = Linear::new(weight, None)?.into();
        /// assert_eq!((linear.name(), linear.output_shape(&[&[8, 2]])?), ("Linear", vec![8, 1]));
        /// assert!(linear.is_affine(&[true]) && !linear.is_not_negative(true) && linear.as_activation().is_none());
        /// assert_eq!((linear.weights().len(), linear.placement()), (1, Some(())));
        ///
        /// let relu: Op<NdArray> = Activation::Relu.into();
        /// assert_eq!(relu.as_activation(), Some(Activation::Relu));
        /// assert!(!relu.is_affine(&[true]) && relu.is_not_negative(false));
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[derive(Debug, Clone)]
        #[non_exhaustive]
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
            ///
            /// ```
            /// # use xai_core as xai;
            /// use xai::NdArray;
            /// use xai::nn::{Gather, Op};
            ///
            /// // Where an input says which entries are taken, the gradient goes to the entries alone.
            /// let gather: Op<NdArray> = Gather { axis: 1 }.into();
            /// assert!(gather.is_differentiable(0) && !gather.is_differentiable(1));
            /// ```
            pub fn is_differentiable(&self, input: usize) -> bool {
                match self {
                    $(Op::$name(op) => Operation::<B>::is_differentiable(op, input)),*
                }
            }

            /// True when the rows of a batch do not stay apart, first and in order: [`Operation::mixes_rows`].
            ///
            /// ```
            /// # use xai_core as xai;
            /// use xai::NdArray;
            /// use xai::nn::{Op, Softmax};
            ///
            /// // A softmax over the last axis is one over the batch where there is no other axis.
            /// let softmax: Op<NdArray> = Softmax::new(-1).into();
            /// assert!(!softmax.mixes_rows(Some(2)) && softmax.mixes_rows(Some(1)));
            /// ```
            pub fn mixes_rows(&self, rank: Option<usize>) -> bool {
                match self {
                    $(Op::$name(op) => Operation::<B>::mixes_rows(op, rank)),*
                }
            }

            /// True when no number of the output is negative, `inputs` telling whether none of the inputs' is.
            pub fn is_not_negative(&self, inputs: bool) -> bool {
                match self {
                    $(Op::$name(op) => Operation::<B>::is_not_negative(op, inputs)),*
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
            ///
            /// ```
            /// # use xai_core as xai;
            /// use ndarray::array;
            /// use xai::nn::{Linear, Op};
            /// use xai::{NdArray, Tensor};
            ///
            /// // From single precision to double.
            /// let weight = Tensor::<NdArray>::upload(array![[0.5, -2.0]].view().into_dyn(), &())?;
            /// let linear: Op<NdArray> = Linear::new(weight, None)?.into();
            /// let double: Op<NdArray<f64>> = linear.with_weights(|weight| {
            ///     let numbers = weight.tensor().download()?.mapv(f64::from);
            ///     Ok(Tensor::upload(numbers.view(), &())?.into())
            /// })?;
            /// assert_eq!(double.weights()[0].tensor().download()?, array![[0.5, -2.0]].into_dyn());
            /// # Ok::<(), xai::Error>(())
            /// ```
            pub fn with_weights<C: Arithmetic>(
                &self,
                mut bring: impl FnMut(&Weight<B>) -> Result<Weight<C>>,
            ) -> Result<Op<C>> {
                match self {
                    $(Op::$name(op) => Operation::<B>::with_weights(op, &mut bring).map(Op::$name)),*
                }
            }

            /// What the operations are tried on with every backend, all of them: [`Operation::examples`].
            ///
            /// # Errors
            /// Those of `numbers`.
            ///
            /// ```
            /// # use xai_core as xai;
            /// use ndarray::ArrayD;
            /// use xai::nn::Op;
            /// use xai::{Backend, NdArray, Tensor};
            ///
            /// // Each runs, and keeps to the shape that it tells.
            /// let ones = |shape: &[usize]| Tensor::<NdArray>::upload(ArrayD::ones(shape).view(), &());
            /// for example in Op::examples(&mut |shape: &[usize], _: u64| ones(shape))? {
            ///     let inputs = example.inputs.iter().map(|shape| ones(shape)).collect::<Result<Vec<_>, _>>()?;
            ///     let shapes: Vec<&[usize]> = example.inputs.iter().map(Vec::as_slice).collect();
            ///     let y = NdArray::forward(&example.op, &inputs.iter().collect::<Vec<_>>())?;
            ///     assert_eq!(y.shape(), example.op.output_shape(&shapes)?);
            /// }
            /// # Ok::<(), xai::Error>(())
            /// ```
            pub fn examples(numbers: &mut Numbers<'_, B>) -> Result<Vec<Example<Op<B>>>> {
                let mut all = Vec::new();
                $(all.extend(<$kind as Operation<B>>::examples(numbers)?.into_iter().map(Example::into_kind));)*
                Ok(all)
            }
        }

        impl<F: Element> Op<NdArray<F>> {
            /// Its arithmetic on plain arrays.
            fn on_host(&self) -> &dyn OnHost<F> {
                match self {
                    $(Op::$name(op) => op),*
                }
            }
        }
    };
}

operations!(vocabulary);

impl<B: Arithmetic> Op<B> {
    /// The elementwise function, if it is one.
    pub fn as_activation(&self) -> Option<Activation> {
        match self {
            Op::Activation(f) => Some(*f),
            _ => None,
        }
    }
}
