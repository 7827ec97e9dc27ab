//! Max and average pooling.

mod tensor_ops;

use candle_core::{Error, Tensor, bail};
use xai_core::nn::{AvgPool2d, MaxPool2d, Padding};

pub(super) use self::tensor_ops::{adaptive_max_pool2d, adaptive_maxima};
use super::{ExecutionPath, Pull, Ruled, in_number_type, resample};
use crate::host::{Numbers, with_number_type};
use crate::kernels::pool::{self as kernels, PathRows, PoolGeometry, SegmentMaxima};

fn geometry(
    x: &Tensor,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
    output: &[usize],
) -> candle_core::Result<PoolGeometry> {
    let (batch, channels, h, w) = x.dims4()?;
    if u32::try_from(h * w).is_err() {
        bail!("a plane of {h}x{w} has more places than the pools count");
    }
    let pad_before = [padding.top, padding.left];
    let output = [output[2], output[3]];
    Ok(PoolGeometry { planes: batch * channels, input: [h, w], kernel, output, stride, pad_before })
}

/// y = the maximum of each window; its first place gets the whole cotangent.
pub(super) fn max_pool2d(way: ExecutionPath, op: &MaxPool2d, x: &Tensor, output: &[usize]) -> Ruled {
    let g = geometry(x, op.kernel, op.stride, op.padding, output)?;
    match way {
        ExecutionPath::TensorOps => tensor_ops::max_pool2d(x, output, &g),
        ExecutionPath::Kernels => {
            let x = x.contiguous()?;
            let numbers = Numbers::of(&x)?;
            let shape = x.shape().clone();
            with_number_type!(x.dtype(), T => {
                let (y, winners) = kernels::max_forward(numbers.slice::<T>()?, &g).map_err(Error::wrap)?;
                let pull: Pull = Box::new(move |v| {
                    let v = v.contiguous()?;
                    let dx = kernels::max_vjp(Numbers::of(&v)?.slice::<T>()?, &winners, &g).map_err(Error::wrap)?;
                    Tensor::from_vec(dx, &shape, v.device())
                });
                Ok((Tensor::from_vec(y, output, x.device())?, pull))
            })
        }
    }
}

/// The maxima alone, of a pass that does not go back: who won is not asked.
pub(super) fn maxima(way: ExecutionPath, op: &MaxPool2d, x: &Tensor, output: &[usize]) -> candle_core::Result<Tensor> {
    let g = geometry(x, op.kernel, op.stride, op.padding, output)?;
    match way {
        ExecutionPath::TensorOps => tensor_ops::max_values(x, &g)?.reshape(output),
        ExecutionPath::Kernels => {
            let x = x.contiguous()?;
            let numbers = Numbers::of(&x)?;
            with_number_type!(x.dtype(), T => {
                let y = kernels::max_values(numbers.slice::<T>()?, &g).map_err(Error::wrap)?;
                Tensor::from_vec(y, output, x.device())
            })
        }
    }
}

/// See `Backend::max_pool_segments`. Half types are computed in single precision.
pub(crate) fn max_pool_segments(op: &MaxPool2d, x: &Tensor, nodes: usize) -> xai_core::Result<(Tensor, Pull)> {
    let output = op.segments_shape(x.dims(), nodes)?;
    in_number_type(x, false, |x| max_pool_segments_by(ExecutionPath::on(x.device()), op, x, nodes, &output))
}

pub(super) fn max_pool_segments_by(
    way: ExecutionPath,
    op: &MaxPool2d,
    x: &Tensor,
    nodes: usize,
    output: &[usize],
) -> Ruled {
    let g = geometry(x, op.kernel, op.stride, op.padding, output)?;
    let (rows, channels, h, w) = x.dims4()?;
    let segments = (rows - rows / nodes, channels, h, w);
    match way {
        ExecutionPath::TensorOps => tensor_ops::max_pool_segments(x, nodes, output, &g),
        ExecutionPath::Kernels => {
            let x = x.contiguous()?;
            let numbers = Numbers::of(&x)?;
            let rows = PathRows { nodes, channels };
            with_number_type!(x.dtype(), T => {
                let (y, maxima) = SegmentMaxima::forward(numbers.slice::<T>()?, &g, rows).map_err(Error::wrap)?;
                let pull: Pull = Box::new(move |v| {
                    let v = v.contiguous()?;
                    let dx = maxima.vjp(Numbers::of(&v)?.slice::<T>()?).map_err(Error::wrap)?;
                    Tensor::from_vec(dx, segments, v.device())
                });
                Ok((Tensor::from_vec(y, output, x.device())?, pull))
            })
        }
    }
}

/// y = the mean of each window.
pub(super) fn avg_pool2d(way: ExecutionPath, op: &AvgPool2d, x: &Tensor, output: &[usize]) -> Ruled {
    let g = geometry(x, op.kernel, op.stride, op.padding, output)?;
    let include = op.count_include_pad;
    match way {
        ExecutionPath::TensorOps => resample::avg_pool2d(x, &g, include),
        ExecutionPath::Kernels => {
            let x = x.contiguous()?;
            let numbers = Numbers::of(&x)?;
            let shape = x.shape().clone();
            with_number_type!(x.dtype(), T => {
                let y = kernels::avg_forward(numbers.slice::<T>()?, &g, include).map_err(Error::wrap)?;
                let pull: Pull = Box::new(move |v| {
                    let v = v.contiguous()?;
                    let dx = kernels::avg_vjp(Numbers::of(&v)?.slice::<T>()?, &g, include).map_err(Error::wrap)?;
                    Tensor::from_vec(dx, &shape, v.device())
                });
                Ok((Tensor::from_vec(y, output, x.device())?, pull))
            })
        }
    }
}
