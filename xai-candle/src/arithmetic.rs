//! candle's tensors as the core's: arithmetic without a tape, unless somebody trains.

use candle_core::{DType, Device, Tensor};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use xai_core::nn::Activation;
use xai_core::{Arithmetic, Error, Op, Result};

use crate::combine::{With, affine, combined};
use crate::error::failed;
use crate::explaining::{handle, is_training};
use crate::half::widened;
use crate::matmul::{self, matmul};
use crate::reduce::{greatest, summed};
use crate::{Candle, Host, Placement, ops, rules};

/// No operation records a tape: what it is given is detached, unless a model is trained, whose layers make their
/// weights of others by this arithmetic. Numbers are cast on the way in and out. Half types are added up in `f32`.
impl<E: Host> Arithmetic for Candle<E> {
    type Elem = E;
    type Tensor = Tensor;
    type Shared = Tensor;
    type Placement = Placement;
    const NAME: &'static str = "candle";

    fn upload(values: ArrayViewD<'_, E>, at: &Placement) -> Result<Tensor> {
        let numbers = values.as_slice().map_or_else(|| values.iter().copied().collect(), <[E]>::to_vec);
        brought(numbers, values.shape(), at)
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
        handle(t)
    }

    fn brought(t: &Tensor, at: &Placement) -> Result<Tensor> {
        at.check()?;
        // Cast first: half types are half the way to the device.
        let there = || t.detach().to_dtype(at.dtype)?.to_device(&at.device)?.contiguous();
        there().map_err(failed)
    }

    fn into_shared(t: Tensor) -> Tensor {
        t
    }

    fn of_shared(t: &Tensor) -> Tensor {
        handle(t)
    }

    fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        combined(a, With::Add, b).map_err(failed)
    }

    fn sub(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        combined(a, With::Sub, b).map_err(failed)
    }

    fn mul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        combined(a, With::Mul, b).map_err(failed)
    }

    fn div(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        combined(a, With::Div, b).map_err(failed)
    }

    fn affine(t: &Tensor, scale: f64, shift: f64) -> Result<Tensor> {
        affine(t, scale, shift).map_err(failed)
    }

    fn relu(t: &Tensor) -> Result<Tensor> {
        let relu = Op::<Self>::Activation(Activation::Relu);
        if is_training() { ops::on_tape(&relu, t) } else { rules::forward(&relu, t) }
    }

    fn sum(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
        check_axes(t, axes)?;
        if axes.is_empty() {
            return Ok(handle(t));
        }
        summed(&handle(t), axes).and_then(|sum| sum.to_dtype(t.dtype())).map_err(failed)
    }

    fn mean(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
        check_axes(t, axes)?;
        let count: usize = axes.iter().map(|&axis| t.dims()[axis]).product();
        #[allow(clippy::cast_precision_loss)]
        let share = 1.0 / count.max(1) as f64;
        // The sum may be more than a half type holds, the mean is not.
        let mean = || summed(&handle(t), axes)?.affine(share, 0.0)?.to_dtype(t.dtype());
        if axes.is_empty() { Ok(handle(t)) } else { mean().map_err(failed) }
    }

    fn max(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
        check_axes(t, axes)?;
        greatest(&handle(t), axes).map_err(failed)
    }

    fn reshape(t: &Tensor, shape: &[usize]) -> Result<Tensor> {
        handle(t).reshape(shape).map_err(failed)
    }

    fn narrow(t: &Tensor, axis: usize, start: usize, len: usize) -> Result<Tensor> {
        check_axes(t, &[axis])?;
        handle(t).narrow(axis, start, len).map_err(failed)
    }

    fn concat(parts: &[&Tensor], axis: usize) -> Result<Tensor> {
        let parts: Vec<_> = parts.iter().map(|t| handle(t)).collect();
        Tensor::cat(&parts, axis).map_err(failed)
    }

    fn broadcast_to(t: &Tensor, shape: &[usize]) -> Result<Tensor> {
        handle(t).broadcast_as(shape).and_then(|t| t.contiguous()).map_err(failed)
    }

    fn permute(t: &Tensor, order: &[usize]) -> Result<Tensor> {
        handle(t).permute(order).map_err(|error| Error::InvalidParameter {
            name: "order",
            value: format!("{order:?}"),
            reason: error.to_string(),
        })
    }

    fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        if is_training() { matmul::on_tape(a, b) } else { matmul(&a.detach(), &b.detach()) }
    }

    fn counting(at: &Placement) -> Placement {
        let dtype = if at.dtype == DType::F64 { DType::F64 } else { DType::F32 };
        Placement { device: at.device.clone(), dtype }
    }

    fn largest_number(at: &Placement) -> f64 {
        at.largest().min(E::max_value().as_f64())
    }

    fn widen(t: &Tensor) -> Result<Tensor> {
        widened(t).map_err(failed)
    }

    fn in_type_of(t: &Tensor, like: &Tensor) -> Result<Tensor> {
        handle(t).to_dtype(like.dtype()).map_err(failed)
    }

    fn one_hot(shape: &[usize], places: &[usize], at: &Placement) -> Result<Tensor> {
        if places.is_empty() {
            at.check()?;
            // Where they are needed: nothing travels.
            return Tensor::zeros(shape, at.dtype, &at.device).map_err(failed);
        }
        let mut values = vec![E::zero(); shape.iter().product()];
        for &place in places {
            if let Some(value) = values.get_mut(place) {
                *value = E::one();
            }
        }
        brought(values, shape, at)
    }
}

/// Numbers of the host, where they belong.
fn brought<E: Host>(values: Vec<E>, shape: &[usize], at: &Placement) -> Result<Tensor> {
    at.check()?;
    let host = Tensor::from_vec(values, shape, &Device::Cpu).map_err(failed)?;
    // Cast first: half types are half the way to the device.
    host.to_dtype(at.dtype).and_then(|t| t.to_device(&at.device)).map_err(failed)
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
