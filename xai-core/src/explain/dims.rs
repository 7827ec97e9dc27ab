//! What the values of an explanation come back as.

use std::marker::PhantomData;

use ndarray::{Array, ArrayD, Axis, CowArray, Dimension, IxDyn};

use crate::{Arithmetic, Element, Error, Result};

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
///
/// What is in the values, whatever they are:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Ix1, Ix2, array};
/// use xai::{Dims, Result, Several};
///
/// /// What the values of one sample add up to.
/// fn sum<D: Dims<f64>>(values: &D::Values, sample: usize) -> Result<f64> {
///     let of_sample = D::sample(values, sample)?;
///     Ok(D::parts(&of_sample)?.iter().map(|part| part.sum()).sum())
/// }
/// let (rows, numbers) = (array![[1.0, 2.0], [3.0, 4.0]], array![10.0, 20.0]);
/// assert_eq!(sum::<Ix2>(&rows, 1)?, 7.0);
/// assert_eq!(sum::<Several<(Ix2, Ix1)>>(&(rows, numbers), 1)?, 27.0);
/// # Ok::<(), xai::Error>(())
/// ```
pub trait Dims<E: Element> {
    /// The values: an array, a framework's tensor, or a tuple.
    type Values;

    /// Those of one sample, counted from 0, as a batch of one: of each input, where there are several. Of a framework's
    /// tensor it is a part of the same memory.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there is no such sample, and the framework's own.
    fn sample(values: &Self::Values, sample: usize) -> Result<Self::Values>;

    /// Those of each explained input, in order, as arrays: a framework's tensors are read.
    ///
    /// # Errors
    /// The framework's own.
    fn parts(values: &Self::Values) -> Result<Vec<CowArray<'_, E, IxDyn>>>;
}

pub(super) fn no_sample(sample: usize, samples: usize) -> Error {
    let reason = format!("the explanation has {samples}, counted from 0");
    Error::InvalidParameter { name: "sample", value: sample.to_string(), reason }
}

fn check_sample(sample: usize, shape: &[usize]) -> Result<()> {
    let samples = shape.first().copied().unwrap_or_default();
    if sample < samples { Ok(()) } else { Err(no_sample(sample, samples)) }
}

impl<E: Element, D: Dimension> Dims<E> for D {
    type Values = Array<E, D>;

    fn sample(values: &Array<E, D>, sample: usize) -> Result<Array<E, D>> {
        check_sample(sample, values.shape())?;
        let row = values.view().into_dyn().select(Axis(0), &[sample]);
        let got = row.shape().to_vec();
        row.into_dimensionality::<D>().map_err(|error| Error::InvalidShape {
            what: "values".into(),
            got,
            reason: error.to_string(),
        })
    }

    fn parts(values: &Array<E, D>) -> Result<Vec<CowArray<'_, E, IxDyn>>> {
        Ok(vec![values.view().into_dyn().into()])
    }
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

    fn sample(values: &B::Tensor, sample: usize) -> Result<B::Tensor> {
        check_sample(sample, &B::shape(values))?;
        B::narrow(values, 0, sample, 1)
    }

    fn parts(values: &B::Tensor) -> Result<Vec<CowArray<'_, B::Elem, IxDyn>>> {
        Ok(vec![B::download(values)?.into()])
    }
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

    fn sample((): &(), _: usize) -> Result<()> {
        Ok(())
    }

    fn parts((): &()) -> Result<Vec<CowArray<'_, E, IxDyn>>> {
        Ok(Vec::new())
    }
}

/// As many explained inputs as there are, as those of a file.
impl<E: Element> Dims<E> for Several<Vec<IxDyn>> {
    type Values = Vec<ArrayD<E>>;

    fn sample(values: &Vec<ArrayD<E>>, sample: usize) -> Result<Vec<ArrayD<E>>> {
        values.iter().map(|values| <IxDyn as Dims<E>>::sample(values, sample)).collect()
    }

    fn parts(values: &Vec<ArrayD<E>>) -> Result<Vec<CowArray<'_, E, IxDyn>>> {
        Ok(values.iter().map(|values| values.view().into()).collect())
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),+))*) => {$(
        impl<E: Element, $($name: Dims<E>),+> Dims<E> for Several<($($name,)+)> {
            type Values = ($($name::Values,)+);

            fn sample(values: &Self::Values, sample: usize) -> Result<Self::Values> {
                Ok(($($name::sample(&values.$place, sample)?,)+))
            }

            fn parts(values: &Self::Values) -> Result<Vec<CowArray<'_, E, IxDyn>>> {
                let mut parts = Vec::new();
                $(parts.extend($name::parts(&values.$place)?);)+
                Ok(parts)
            }
        }
    )*};
}
tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, F 4)
    (A 0, B 1, C 2, D 3, F 4, G 5)
}
