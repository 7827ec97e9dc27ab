//! What the values of an explanation come back as.

use std::marker::PhantomData;

use ndarray::{Array, Dimension};

use crate::{Arithmetic, Element};

/// What the values of an explanation come back as: as the explained inputs were given.
pub trait Dims<E: Element> {
    /// The values: an array, a framework's tensor, or a tuple.
    type Values;
}

impl<E: Element, D: Dimension> Dims<E> for D {
    type Values = Array<E, D>;
}

/// The values are the framework's own tensors, because the input was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Native<B>(PhantomData<B>);

impl<B: Arithmetic> Dims<B::Elem> for Native<B> {
    type Values = B::Tensor;
}

/// Several inputs: a tuple of what each comes back as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Several<T>(PhantomData<T>);

/// An input that is given to the model and not explained: it has no values.
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
