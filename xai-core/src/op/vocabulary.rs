//! One operation of the vocabulary, whichever it is: [`Op`].

use super::example::{Example, Numbers};
use super::host::on_host::OnHost;
use super::operation::Operation;
use super::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, Binary, ChannelAffine, Concatenate, Conv2d,
    ConvTranspose2d, CumSum, Embedding, Flatten, Gather, GroupNorm, IndexSelect, LayerNorm, Linear, LogSoftmax, MatMul,
    MaxPool2d, Narrow, Pad2d, Permute, Reduce, Reshape, RmsNorm, Scale, Softmax, Upsample2d, Where, operations,
};
use crate::{Arithmetic, Element, NdArray, Result, Weight};

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
        /// use xai::nn::{Activation, Linear};
        /// use xai::{NdArray, Op, Tensor};
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
            /// use xai::{NdArray, Op};
            /// use xai::nn::Gather;
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
            /// use xai::{NdArray, Op};
            /// use xai::nn::Softmax;
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
            /// use xai::nn::Linear;
            /// use xai::{NdArray, Op, Tensor};
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
            /// use xai::{Backend, NdArray, Op, Tensor};
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
            pub(super) fn on_host(&self) -> &dyn OnHost<F> {
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
