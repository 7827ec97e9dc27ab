//! Arrays, as the operations on the host are written in them.

use std::borrow::Cow;

use ndarray::{ArcArray, ArrayD, IxDyn};

use crate::{Element, Error, NdArray, Result, Weight};

pub(in crate::op) type Array<F> = ArcArray<F, IxDyn>;

/// What v ↦ vᵀ · ∂y/∂x is here.
pub(in crate::op) type Pull<F> = Box<dyn Fn(&Array<F>) -> Result<Array<F>>>;

/// A weight's numbers.
pub(in crate::op) fn numbers<F: Element>(weight: &Weight<NdArray<F>>) -> Array<F> {
    weight.tensor().into_inner()
}

/// The numbers in row-major order.
pub(in crate::op) fn flat<F: Element>(t: &Array<F>) -> Cow<'_, [F]> {
    t.as_slice().map_or_else(|| Cow::Owned(t.iter().copied().collect()), Cow::Borrowed)
}

/// An array of row-major numbers.
pub(in crate::op) fn shaped<F: Element>(shape: &[usize], values: Vec<F>) -> Result<Array<F>> {
    ArrayD::from_shape_vec(IxDyn(shape), values).map(ArrayD::into_shared).map_err(failed)
}

/// The lengths (B, C, H, W) of an image that the layer has checked.
pub(in crate::op) fn image(shape: &[usize]) -> Result<[usize; 4]> {
    crate::op::shape::image("a layer", shape)
}

pub(in crate::op) fn failed(error: ndarray::ShapeError) -> Error {
    Error::backend("ndarray", error)
}
