//! The candle backend.

use std::marker::PhantomData;

use candle_core::{DType, Tensor, WithDType};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use xai_core::nn::{Activation, MaxPool2d};
use xai_core::{Backend, Element, Error, Link, Pullback, Result};

use crate::Placement;
use crate::kernels::Real;
use crate::nn::with_pullback;
use crate::rules::{max_pool_segments, secant_pull};
use crate::run;

/// candle, with arrays of `E` (`f32` or `f64`) outside and F64, F32, F16 or BF16 tensors on the device.
///
/// No operation records a tape: what it is given is detached. Numbers are cast on the way in and out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Candle<E = f32>(PhantomData<E>);

/// The numbers outside: `f32` or `f64`.
pub trait Host: Element + WithDType + Real {}
impl Host for f32 {}
impl Host for f64 {}

/// An error of candle's, as this library's.
pub(crate) fn failed(error: candle_core::Error) -> Error {
    Error::backend("candle", error)
}

impl<E: Host> Backend for Candle<E> {
    type Elem = E;
    type Tensor = Tensor;
    type Placement = Placement;
    const NAME: &'static str = "candle";

    fn upload(values: ArrayViewD<'_, E>, at: &Placement) -> Result<Tensor> {
        if !at.dtype.is_float() {
            return Err(Error::InvalidParameter {
                name: "dtype",
                value: format!("{:?}", at.dtype),
                reason: "a model's input must be of a float type: F64, F32, F16 or BF16".into(),
            });
        }
        let flat: Vec<E> = values.iter().copied().collect();
        let host = Tensor::from_vec(flat, values.shape(), &candle_core::Device::Cpu).map_err(failed)?;
        // Cast first: half types are half the way to the device.
        host.to_dtype(at.dtype).and_then(|t| t.to_device(&at.device)).map_err(failed)
    }

    fn download(t: &Tensor) -> Result<ArrayD<E>> {
        let read = || t.detach().to_dtype(E::DTYPE)?.flatten_all()?.to_vec1::<E>();
        let flat = read().map_err(failed)?;
        ArrayD::from_shape_vec(IxDyn(t.dims()), flat).map_err(|e| Error::backend("candle", e))
    }

    fn placement(t: &Tensor) -> Placement {
        Placement { device: t.device().clone(), dtype: t.dtype() }
    }

    fn shape(t: &Tensor) -> Vec<usize> {
        t.dims().to_vec()
    }

    fn share(t: &Tensor) -> Tensor {
        t.detach()
    }

    fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        a.detach().broadcast_add(&b.detach()).map_err(failed)
    }

    fn sub(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        a.detach().broadcast_sub(&b.detach()).map_err(failed)
    }

    fn mul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        a.detach().broadcast_mul(&b.detach()).map_err(failed)
    }

    fn affine(t: &Tensor, scale: f64, shift: f64) -> Result<Tensor> {
        t.detach().affine(scale, shift).map_err(failed)
    }

    fn relu(t: &Tensor) -> Result<Tensor> {
        crate::rules::forward(xai_core::nn::Op::<Self>::Activation(&Activation::Relu), t)
    }

    fn sum(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
        check_axes(t, axes)?;
        if axes.is_empty() { Ok(t.detach()) } else { t.detach().sum_keepdim(axes).map_err(failed) }
    }

    fn max(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
        check_axes(t, axes)?;
        axes.iter().try_fold(t.detach(), |t, &axis| t.max_keepdim(axis)).map_err(failed)
    }

    fn reshape(t: &Tensor, shape: &[usize]) -> Result<Tensor> {
        t.detach().reshape(shape).map_err(failed)
    }

    fn narrow(t: &Tensor, axis: usize, start: usize, len: usize) -> Result<Tensor> {
        check_axes(t, &[axis])?;
        t.detach().narrow(axis, start, len).map_err(failed)
    }

    fn concat(parts: &[&Tensor], axis: usize) -> Result<Tensor> {
        let parts: Vec<_> = parts.iter().map(|t| t.detach()).collect();
        Tensor::cat(&parts, axis).map_err(failed)
    }

    fn broadcast_to(t: &Tensor, shape: &[usize]) -> Result<Tensor> {
        t.detach().broadcast_as(shape).and_then(|t| t.contiguous()).map_err(failed)
    }

    fn widen(t: &Tensor) -> Result<Tensor> {
        match t.dtype() {
            DType::F16 | DType::BF16 => t.detach().to_dtype(DType::F32).map_err(failed),
            _ => Ok(t.detach()),
        }
    }

    fn secant_pull(f: Activation, a: &Tensor, b: &Tensor, v: &Tensor) -> Result<Tensor> {
        secant_pull(f, &a.detach(), &b.detach(), &v.detach()).map_err(failed)
    }

    fn max_pool_segments<'p>(
        op: &MaxPool2d,
        x: &xai_core::Tensor<Self>,
        nodes: usize,
    ) -> Result<(xai_core::Tensor<Self>, Pullback<'p, Self>)> {
        max_pool_segments(op, x.inner(), nodes).map(with_pullback)
    }

    fn forward_run(run: &[Link<'_, Self>], x: &xai_core::Tensor<Self>) -> Result<xai_core::Tensor<Self>> {
        run::forward(run, x)
    }

    fn vjp_run<'p>(
        run: Vec<Link<'p, Self>>,
        x: &xai_core::Tensor<Self>,
    ) -> Result<(xai_core::Tensor<Self>, Pullback<'p, Self>)> {
        run::vjp(run, x)
    }

    fn in_type_of(t: &Tensor, like: &Tensor) -> Result<Tensor> {
        t.detach().to_dtype(like.dtype()).map_err(failed)
    }
}

fn check_axes(t: &Tensor, axes: &[usize]) -> Result<()> {
    match axes.iter().find(|&&axis| axis >= t.rank()) {
        Some(axis) => Err(Error::InvalidShape {
            what: "tensor".into(),
            got: t.dims().to_vec(),
            reason: format!("it has no axis {axis}"),
        }),
        None => Ok(()),
    }
}
