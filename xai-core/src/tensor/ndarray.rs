//! The reference backend: plain ndarray arrays on the host.

use std::marker::PhantomData;

use ndarray::{ArcArray, ArrayD, ArrayViewD, Axis, IxDyn, Zip, concatenate};

use super::{Arithmetic, Element, broadcast_shape};
use crate::{BoxError, Error, Result};

/// Plain ndarray arrays on the host: the reference backend, with no framework.
///
/// Its tensor is `ArcArray<F, IxDyn>`. A model is explained on it with a forward pass and a vector-Jacobian product
/// written by hand (see [`Function`](crate::Function)), or made of the layers of [`nn`](crate::nn), in `f64` the truth
/// that the other backends are compared with.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{NdArray, Tensor};
///
/// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
/// assert_eq!(x.mul(&x)?.download()?, array![[1.0, 4.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct NdArray<F = f32>(PhantomData<F>);

fn failed(reason: impl Into<BoxError>) -> Error {
    Error::backend("ndarray", reason)
}

fn zip_with<F: Element>(
    a: &ArcArray<F, IxDyn>,
    b: &ArcArray<F, IxDyn>,
    f: impl Fn(F, F) -> F,
) -> Result<ArcArray<F, IxDyn>> {
    let shape = broadcast_shape(a.shape(), b.shape())?;
    match (a.broadcast(IxDyn(&shape)), b.broadcast(IxDyn(&shape))) {
        (Some(a), Some(b)) => Ok(Zip::from(a).and(b).map_collect(|&a, &b| f(a, b)).into_shared()),
        _ => Err(Error::Shape { what: "operand".into(), expected: shape, got: b.shape().to_vec() }),
    }
}

fn reduce<F: Element>(t: &ArcArray<F, IxDyn>, axes: &[usize], f: impl Fn(F, F) -> F) -> Result<ArcArray<F, IxDyn>> {
    let mut out = t.clone();
    for &axis in axes {
        if out.shape().get(axis).is_none_or(|&n| n == 0) {
            return Err(Error::InvalidShape {
                what: "tensor".into(),
                got: t.shape().to_vec(),
                reason: format!("axis {axis} cannot be reduced: there is none, or it is empty"),
            });
        }
        let mut parts = out.axis_iter(Axis(axis));
        let Some(first) = parts.next() else { continue };
        let mut total = first.to_owned();
        for part in parts {
            total.zip_mut_with(&part, |a, &b| *a = f(*a, b));
        }
        out = total.insert_axis(Axis(axis)).into_shared();
    }
    Ok(out)
}

impl<F: Element> Arithmetic for NdArray<F> {
    type Elem = F;
    type Tensor = ArcArray<F, IxDyn>;
    type Shared = ArcArray<F, IxDyn>;
    type Placement = ();
    const NAME: &'static str = "ndarray";

    fn brought(t: &Self::Tensor, (): &()) -> Result<Self::Tensor> {
        Ok(t.clone())
    }

    fn upload(values: ArrayViewD<'_, F>, (): &()) -> Result<Self::Tensor> {
        Ok(values.as_standard_layout().into_owned().into_shared())
    }

    fn download(t: &Self::Tensor) -> Result<ArrayD<F>> {
        Ok(t.as_standard_layout().into_owned())
    }

    fn placement(_: &Self::Tensor) {}

    fn shape(t: &Self::Tensor) -> Vec<usize> {
        t.shape().to_vec()
    }

    fn share(t: &Self::Tensor) -> Self::Tensor {
        t.clone()
    }

    fn into_shared(t: Self::Tensor) -> Self::Shared {
        t
    }

    fn of_shared(t: &Self::Shared) -> Self::Tensor {
        t.clone()
    }

    fn add(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor> {
        zip_with(a, b, |a, b| a + b)
    }

    fn sub(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor> {
        zip_with(a, b, |a, b| a - b)
    }

    fn mul(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor> {
        zip_with(a, b, |a, b| a * b)
    }

    fn div(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor> {
        zip_with(a, b, |a, b| a / b)
    }

    fn affine(t: &Self::Tensor, scale: f64, shift: f64) -> Result<Self::Tensor> {
        let (scale, shift) = (F::of(scale), F::of(shift));
        Ok(t.mapv(|v| scale * v + shift).into_shared())
    }

    fn relu(t: &Self::Tensor) -> Result<Self::Tensor> {
        // Not `max`, which would turn a NaN into 0.
        Ok(t.mapv(|v| if v < F::zero() { F::zero() } else { v }).into_shared())
    }

    fn sum(t: &Self::Tensor, axes: &[usize]) -> Result<Self::Tensor> {
        if axes.is_empty() {
            return Ok(t.clone());
        }
        // Single precision loses digits where there are many terms.
        let sum = reduce(&t.mapv(Element::as_f64).into_shared(), axes, |a, b| a + b)?;
        Ok(sum.mapv(F::of).into_shared())
    }

    fn max(t: &Self::Tensor, axes: &[usize]) -> Result<Self::Tensor> {
        reduce(t, axes, |a, b| if b > a || b.is_nan() { b } else { a })
    }

    fn reshape(t: &Self::Tensor, shape: &[usize]) -> Result<Self::Tensor> {
        t.clone().into_shape_clone(IxDyn(shape)).map_err(|_| Error::Shape {
            what: "reshape".into(),
            expected: shape.to_vec(),
            got: t.shape().to_vec(),
        })
    }

    fn narrow(t: &Self::Tensor, axis: usize, start: usize, len: usize) -> Result<Self::Tensor> {
        let end = start.checked_add(len).filter(|&end| t.shape().get(axis).is_some_and(|&n| end <= n));
        let Some(end) = end else {
            return Err(Error::InvalidShape {
                what: "tensor".into(),
                got: t.shape().to_vec(),
                reason: format!("it has no part {start}..{start}+{len} on axis {axis}"),
            });
        };
        let part = t.slice_axis(Axis(axis), ndarray::Slice::from(start..end));
        Ok(part.to_owned().into_shared())
    }

    fn concat(parts: &[&Self::Tensor], axis: usize) -> Result<Self::Tensor> {
        if parts.first().is_none_or(|t| axis >= t.ndim()) {
            return Err(failed(format!("cannot concatenate {} tensors along axis {axis}", parts.len())));
        }
        let views: Vec<_> = parts.iter().map(|t| t.view()).collect();
        concatenate(Axis(axis), &views).map(|t| t.into_shared()).map_err(failed)
    }

    fn broadcast_to(t: &Self::Tensor, shape: &[usize]) -> Result<Self::Tensor> {
        let view = t.broadcast(IxDyn(shape)).ok_or_else(|| Error::Shape {
            what: "broadcast".into(),
            expected: shape.to_vec(),
            got: t.shape().to_vec(),
        })?;
        Ok(view.to_owned().into_shared())
    }
}
