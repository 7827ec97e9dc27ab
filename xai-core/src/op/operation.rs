//! What is known about an operation: [`Operation`].

use super::example::{Example, Numbers};
use crate::{Arithmetic, Error, Result, Weight};

/// All facts about one kind of operation, in one place.
///
/// What a fact that is not said is taken for holds for any operation: rules and passes are then slower, or refuse it by
/// its name, and never wrong.
///
/// ```
/// # use xai_core as xai;
/// use xai::NdArray;
/// use xai::nn::{Binary, Operation};
///
/// // A sum is affine in both; a product in one, if the other stays as it is.
/// assert!(Operation::<NdArray>::is_affine(&Binary::Add, &[true, true]));
/// assert!(!Operation::<NdArray>::is_affine(&Binary::Mul, &[true, true]));
/// assert!(Operation::<NdArray>::is_affine(&Binary::Mul, &[true, false]));
/// ```
///
/// All facts about an operation of one's own:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArrayD, array};
/// use xai::nn::{Example, Numbers, Operation};
/// use xai::tensor::broadcast_shape;
/// use xai::{Arithmetic, NdArray, Result, Tensor, Weight};
///
/// /// y = x + by
/// struct Shift<B: Arithmetic> {
///     by: Weight<B>,
/// }
///
/// impl<B: Arithmetic> Operation<B> for Shift<B> {
///     type On<C: Arithmetic> = Shift<C>;
///     const NAME: &'static str = "Shift";
///     fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
///         broadcast_shape(inputs[0], self.by.shape())
///     }
///     fn is_affine(&self, _: &[bool]) -> bool {
///         true
///     }
///     fn mixes_rows(&self, _: Option<usize>) -> bool {
///         false
///     }
///     fn weights(&self) -> Vec<&Weight<B>> {
///         vec![&self.by]
///     }
///     fn with_weights<C: Arithmetic>(
///         &self,
///         bring: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>,
///     ) -> Result<Self::On<C>> {
///         Ok(Shift { by: bring(&self.by)? })
///     }
///     fn examples(numbers: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
///         Ok(vec![Example::new("shift", Shift { by: numbers(&[3], 1)?.into() }, &[2, 3])])
///     }
/// }
///
/// let by = Tensor::<NdArray<f64>>::upload(array![1.0, 2.0, 3.0].view().into_dyn(), &())?;
/// let shift = Shift { by: by.into() };
/// assert_eq!((shift.output_of(&[&[2, 3]])?, shift.placement()), (vec![2, 3], Some(())));
/// assert!(shift.is_affine(&[true]) && shift.is_differentiable(0));
/// // The numbers of the weight are not looked at.
/// assert!(!shift.mixes_rows(Some(2)) && !shift.is_not_negative(true));
///
/// // The same on another backend, and what a backend is tried on.
/// let single: Shift<NdArray> = shift.with_weights(&mut |weight| {
///     let numbers = weight.tensor().download()?.mapv(|number| number as f32);
///     Ok(Tensor::upload(numbers.view(), &())?.into())
/// })?;
/// assert_eq!(single.weights()[0].tensor().download()?, array![1f32, 2.0, 3.0].into_dyn());
/// let ones = &mut |shape: &[usize], _: u64| Tensor::<NdArray>::upload(ArrayD::ones(shape).view(), &());
/// assert_eq!(Shift::<NdArray>::examples(ones)?[0].inputs, [[2, 3]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub trait Operation<B: Arithmetic> {
    /// The same kind of operation on another backend.
    type On<C: Arithmetic>: Operation<C>;

    /// The operation's name, for messages: its struct's.
    const NAME: &'static str;

    /// The output's shape for the inputs' shapes, with everything checked: the inputs against the weights and each
    /// other, and every parameter.
    ///
    /// # Errors
    /// [`Error::InvalidShape`], [`Error::Shape`] and [`Error::InvalidParameter`].
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>>;

    /// True when the output is affine in those inputs that vary, all of them together.
    fn is_affine(&self, varies: &[bool]) -> bool {
        let _ = varies;
        false
    }

    /// True when a gradient goes back to this input; false for one that chooses by whole numbers.
    fn is_differentiable(&self, input: usize) -> bool {
        let _ = input;
        true
    }

    /// True when the rows of a batch do not stay apart, first and in order: when it takes the batch axis away from the
    /// front, or computes along it. `rank` is how many axes its first input has, where that is known.
    fn mixes_rows(&self, rank: Option<usize>) -> bool;

    /// True when no number of the output is negative, `inputs` telling whether none of the inputs' is.
    fn is_not_negative(&self, inputs: bool) -> bool {
        let _ = inputs;
        false
    }

    /// The weights that it holds.
    fn weights(&self) -> Vec<&Weight<B>> {
        Vec::new()
    }

    /// Where its inputs have to be brought, if it knows: where its weights are.
    fn placement(&self) -> Option<B::Placement> {
        self.weights().first().map(|weight| weight.placement())
    }

    /// The same operation with other weights, also those of another backend.
    ///
    /// # Errors
    /// Those of `bring`.
    fn with_weights<C: Arithmetic>(
        &self,
        bring: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>,
    ) -> Result<Self::On<C>>;

    /// What it is tried on with every backend: forward, back, along segments, twice. None where its inputs have to be
    /// whole numbers.
    ///
    /// # Errors
    /// Those of the numbers' upload.
    fn examples(numbers: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>>
    where
        Self: Sized;
}

/// The shape of the only input.
pub(super) fn only<'s>(name: &'static str, inputs: &[&'s [usize]]) -> Result<&'s [usize]> {
    takes::<1>(name, inputs).map(|[input]| input)
}

/// The shapes of so many inputs.
pub(super) fn takes<'s, const N: usize>(name: &'static str, inputs: &[&'s [usize]]) -> Result<[&'s [usize]; N]> {
    <[&[usize]; N]>::try_from(inputs).map_err(|_| Error::InvalidParameter {
        name: "inputs",
        value: inputs.len().to_string(),
        reason: format!("{name} takes {N}"),
    })
}

/// An operation of one input, without weights, with an `output_shape` of its own; what else is known of it follows.
macro_rules! plain_operation {
    ($kind:ident { $($facts:tt)* }) => {
        impl<B: crate::Arithmetic> super::operation::Operation<B> for $kind {
            type On<C: crate::Arithmetic> = Self;
            const NAME: &'static str = stringify!($kind);
            fn output_of(&self, inputs: &[&[usize]]) -> crate::Result<Vec<usize>> {
                self.output_shape(super::operation::only(stringify!($kind), inputs)?)
            }
            fn with_weights<C: crate::Arithmetic>(
                &self,
                _: &mut dyn FnMut(&crate::Weight<B>) -> crate::Result<crate::Weight<C>>,
            ) -> crate::Result<Self::On<C>> {
                Ok(self.clone())
            }
            $($facts)*
        }
    };
}
pub(super) use plain_operation;
