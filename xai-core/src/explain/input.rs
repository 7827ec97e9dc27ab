//! What an analysis is given: one array or several.

use std::fmt;
use std::marker::PhantomData;
use std::vec::IntoIter;

use ndarray::{Array, ArrayBase, ArrayD, ArrayViewD, Data, Dimension, RawData};

use super::rows::{check_finite, check_input};
use crate::{Backend, Element, Error, Result, Tensor};

/// The axes of the values of an explanation: those of the explained inputs, as they were given.
pub trait Dims<E: Element> {
    /// The values: an array, or a tuple.
    type Values;
    /// Takes the values from the front of those that there are.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when an array has another number of axes than its input.
    fn values(analyzer: &str, from: &mut IntoIter<ArrayD<E>>) -> Result<Self::Values>;
}

impl<E: Element, D: Dimension> Dims<E> for D {
    type Values = Array<E, D>;
    fn values(analyzer: &str, from: &mut IntoIter<ArrayD<E>>) -> Result<Array<E, D>> {
        let refused = |got: Vec<usize>, reason: String| Error::InvalidShape {
            what: format!("values of {analyzer}"),
            got,
            reason,
        };
        let Some(values) = from.next() else {
            let reason = "there are fewer values than explained inputs: mark the others as `Given`".into();
            return Err(refused(Vec::new(), reason));
        };
        let got = values.shape().to_vec();
        values.into_dimensionality::<D>().map_err(|_| {
            let axes = D::NDIM.map_or_else(|| "other".into(), |n| n.to_string());
            refused(got, format!("the input has {axes} axes; give it as `input.into_dyn()`"))
        })
    }
}

/// The axes of several inputs: a tuple of those of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Several<T>(PhantomData<T>);

/// An input that is given to the model and not explained: it has no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotExplained;

impl<E: Element> Dims<E> for Several<NotExplained> {
    type Values = ();
    fn values(_: &str, _: &mut IntoIter<ArrayD<E>>) -> Result<()> {
        Ok(())
    }
}

/// One input of a model on the host, on its way there.
#[derive(Debug)]
#[non_exhaustive]
pub enum Part<'a, E> {
    /// Explained: the values have its shape.
    Explained(ArrayViewD<'a, E>),
    /// Only given to the model.
    Given(ArrayViewD<'a, E>),
    /// Whole numbers, as token ids: given, and never explained.
    Ids(ArrayViewD<'a, i64>),
}

impl<E: Element> Part<'_, E> {
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Part::Explained(array) | Part::Given(array) => array.shape(),
            Part::Ids(array) => array.shape(),
        }
    }

    pub(crate) fn is_explained(&self) -> bool {
        matches!(self, Part::Explained(_))
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.shape().is_empty() {
            let reason = "it needs a batch axis, first, and at least one element".into();
            return Err(Error::InvalidShape { what: "input".into(), got: Vec::new(), reason });
        }
        match self {
            Part::Explained(array) => check_input(array),
            Part::Given(array) => check_finite("given input", array),
            Part::Ids(array) => match array.iter().find(|id| id.unsigned_abs() > COUNTED) {
                None => Ok(()),
                Some(id) => Err(Error::InvalidParameter {
                    name: "id",
                    value: id.to_string(),
                    reason: format!("whole numbers up to {COUNTED} can be told apart"),
                }),
            },
        }
    }

    pub(crate) fn upload<B: Backend<Elem = E>>(&self, at: &B::Placement) -> Result<Tensor<B>> {
        match self {
            Part::Explained(array) | Part::Given(array) => Tensor::upload(array.view(), at),
            #[allow(clippy::cast_precision_loss)]
            Part::Ids(array) => Tensor::upload(array.mapv(|id| E::of(id as f64)).view(), &B::counting(at)),
        }
    }
}

/// As many whole numbers a single-precision number tells apart.
const COUNTED: u64 = 1 << 24;

/// What an analysis is given: an array, or a tuple of arrays, of which some are only given to the model.
///
/// `&photo`; `(&photo, &table)`; `(&embedded, Given(&mask), Ids(&tokens))`.
pub trait Input<E: Element> {
    /// The axes of the values.
    type Dims: Dims<E>;
    /// The inputs, in order.
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, E>>);
}

impl<E: Element, S: Data<Elem = E>, D: Dimension> Input<E> for &ArrayBase<S, D> {
    type Dims = D;
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, E>>) {
        to.push(Part::Explained(self.view().into_dyn()));
    }
}

/// Given to the model and not explained: a mask, a second image.
pub struct Given<'a, S: RawData, D>(pub &'a ArrayBase<S, D>);

impl<S: RawData, D: Dimension> fmt::Debug for Given<'_, S, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Given").field(&self.0.shape()).finish()
    }
}

impl<E: Element, S: Data<Elem = E>, D: Dimension> Input<E> for Given<'_, S, D> {
    type Dims = Several<NotExplained>;
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, E>>) {
        to.push(Part::Given(self.0.view().into_dyn()));
    }
}

/// Whole numbers, as token ids: given to the model, and never explained. Explain what they are embedded as.
pub struct Ids<'a, S: RawData, D>(pub &'a ArrayBase<S, D>);

impl<S: RawData, D: Dimension> fmt::Debug for Ids<'_, S, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ids").field(&self.0.shape()).finish()
    }
}

impl<E: Element, S: Data<Elem = i64>, D: Dimension> Input<E> for Ids<'_, S, D> {
    type Dims = Several<NotExplained>;
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, E>>) {
        to.push(Part::Ids(self.0.view().into_dyn()));
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),+))*) => {$(
        impl<E: Element, $($name: Dims<E>),+> Dims<E> for Several<($($name,)+)> {
            type Values = ($($name::Values,)+);
            fn values(analyzer: &str, from: &mut IntoIter<ArrayD<E>>) -> Result<Self::Values> {
                Ok(($($name::values(analyzer, from)?,)+))
            }
        }

        impl<E: Element, $($name: Input<E>),+> Input<E> for ($($name,)+) {
            type Dims = Several<($($name::Dims,)+)>;
            fn parts<'a>(&'a self, to: &mut Vec<Part<'a, E>>) {
                $(self.$place.parts(to);)+
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
