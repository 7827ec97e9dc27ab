//! What the values of an explanation come back as.

use std::marker::PhantomData;

use ndarray::{Array, Dimension};

use crate::{Arithmetic, Element};

/// What the values of an explanation come back as: as the explained inputs were given.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Dims, Explanation, Gradient, NdArray, Net};
///
/// /// The class of the first sample, whatever the values are: an array, a tensor or a tuple.
/// fn class<D: Dims<f64>>(why: &Explanation<f64, D>) -> usize {
///     why.top(1)[0][0].0
/// }
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// assert_eq!(class(&Gradient.analyze(&net, &array![[1.0, 3.0]], 0)?), 1);
/// # Ok::<(), xai::Error>(())
/// ```
pub trait Dims<E: Element> {
    /// The values: an array, a framework's tensor, or a tuple.
    type Values;
}

impl<E: Element, D: Dimension> Dims<E> for D {
    type Values = Array<E, D>;
}

/// The values are the framework's own tensors, because the input was one.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{Arithmetic, Dims, NdArray, Native};
///
/// // candle's is `candle_core::Tensor`, that of plain arrays one that can be shared.
/// type Values = <Native<NdArray<f64>> as Dims<f64>>::Values;
/// let values: Values = array![[1.0, -2.0]].into_dyn().into_shared();
/// assert_eq!(NdArray::<f64>::download(&values)?, array![[1.0, -2.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Native<B>(PhantomData<B>);

impl<B: Arithmetic> Dims<B::Elem> for Native<B> {
    type Values = B::Tensor;
}

/// Several inputs: a tuple of what each comes back as.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Ix2, Ix4, array};
/// use xai::{Dims, Several};
///
/// // Of a photo and a row of a table.
/// type Values = <Several<(Ix4, Ix2)> as Dims<f64>>::Values;
/// let (photo, row): Values = (array![[[[1.0]]]], array![[2.0, 3.0]]);
/// assert_eq!((photo.ndim(), row.ndim()), (4, 2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Several<T>(PhantomData<T>);

/// An input that is given to the model and not explained: it has no values.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Ix4, array};
/// use xai::{Dims, NotExplained, Several};
///
/// // Of `(&photo, Given(&mask))`.
/// type Values = <Several<(Ix4, Several<NotExplained>)> as Dims<f64>>::Values;
/// let (photo, ()): Values = (array![[[[1.0]]]], ());
/// assert_eq!(photo.ndim(), 4);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotExplained;

impl<E: Element> Dims<E> for Several<NotExplained> {
    type Values = ();
}

macro_rules! tuples {
    ($(($($name:ident),+))*) => {$(
        impl<E: Element, $($name: Dims<E>),+> Dims<E> for Several<($($name,)+)> {
            type Values = ($($name::Values,)+);
        }
    )*};
}
tuples! {
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, F)
    (A, B, C, D, F, G)
}
