//! The greatest and the smallest numbers along axes.

use candle_core::{DType, Result, Shape, Tensor};
use xai_core::nn::{Reduce, Reduction};

use super::{ExecutionPath, Pull, Ruled};
use crate::Host;
use crate::host::{Numbers, with_number_type};

/// y = the extreme number along the axes; of equal ones the first in row-major order gets the whole cotangent, and a
/// NaN is passed on.
pub(super) fn extremes(way: ExecutionPath, op: &Reduce, x: &Tensor, output: &[usize]) -> Ruled {
    let Rows { rows, length, order, shape } = Rows::of(op, x)?;
    let least = op.of == Reduction::Min;
    let winners = match way {
        ExecutionPath::Kernels => with_number_type!(rows.dtype(), T => by_loop::<T>(&rows, least)),
        ExecutionPath::TensorOps => by_tensor_ops(&rows, least),
    }?;
    let y = rows.gather(&winners, 1)?.reshape(output)?;
    let inverse: Vec<usize> =
        (0..order.len()).map(|axis| order.iter().position(|&o| o == axis).unwrap_or(axis)).collect();
    let pull: Pull = Box::new(move |v| {
        let zeros = Tensor::zeros((winners.dim(0)?, length), v.dtype(), v.device())?;
        let dx = zeros.scatter_add(&winners, &v.reshape(winners.shape())?.contiguous()?, 1)?;
        dx.reshape(&shape)?.permute(&inverse[..])
    });
    Ok((y, pull))
}

/// The extreme numbers alone, of a pass that does not go back: who won is not asked.
pub(super) fn values(way: ExecutionPath, op: &Reduce, x: &Tensor, output: &[usize]) -> Result<Tensor> {
    let Rows { rows, .. } = Rows::of(op, x)?;
    let least = op.of == Reduction::Min;
    match way {
        ExecutionPath::Kernels => with_number_type!(rows.dtype(), T => values_by_loop::<T>(&rows, least)),
        ExecutionPath::TensorOps => {
            let extreme = if least { rows.min_keepdim(1)? } else { rows.max_keepdim(1)? };
            let any_nan = rows.ne(&rows)?.to_dtype(DType::F32)?.max_keepdim(1)?.gt(0f32)?;
            any_nan.where_cond(&extreme.affine(f64::NAN, 0.0)?, &extreme)
        }
    }?
    .reshape(output)
}

/// An input with what is reduced as the last axis.
struct Rows {
    /// (rows, length)
    rows: Tensor,
    length: usize,
    /// The input's axes, those that are reduced behind the others.
    order: Vec<usize>,
    /// The input's shape in that order.
    shape: Shape,
}

impl Rows {
    fn of(op: &Reduce, x: &Tensor) -> Result<Self> {
        let (kept, reduced): (Vec<usize>, Vec<usize>) = (0..x.rank()).partition(|axis| !op.axes.contains(axis));
        let length: usize = reduced.iter().map(|&axis| x.dims()[axis]).product();
        let order = [kept, reduced].concat();
        let turned = x.permute(&order[..])?;
        let shape = turned.shape().clone();
        Ok(Rows { rows: turned.reshape((x.elem_count() / length, length))?, length, order, shape })
    }
}

fn values_by_loop<T: Host>(rows: &Tensor, least: bool) -> Result<Tensor> {
    let rows = rows.contiguous()?;
    let (count, length) = rows.dims2()?;
    let numbers = Numbers::of(&rows)?;
    let extreme = |row: &[T]| {
        row.iter().copied().fold(row[0], |best, value| {
            let beats = if least { value < best } else { value > best };
            if beats || value.is_nan() { value } else { best }
        })
    };
    let values: Vec<T> = numbers.slice::<T>()?.chunks_exact(length).map(extreme).collect();
    Tensor::from_vec(values, (count, 1), rows.device())
}

/// The place in its row of each row's extreme number: (rows, 1).
fn by_loop<T: Host>(rows: &Tensor, least: bool) -> Result<Tensor> {
    let rows = rows.contiguous()?;
    let (count, length) = rows.dims2()?;
    let numbers = Numbers::of(&rows)?;
    let winner = |row: &[T]| {
        let mut best = 0;
        for (place, &value) in row.iter().enumerate() {
            let beats = if least { value < row[best] } else { value > row[best] };
            if !row[best].is_nan() && (beats || value.is_nan()) {
                best = place;
            }
        }
        u32::try_from(best)
    };
    let winners = numbers.slice::<T>()?.chunks_exact(length).map(winner);
    Tensor::from_vec(winners.collect::<std::result::Result<Vec<u32>, _>>()?, (count, 1), rows.device())
}

fn by_tensor_ops(rows: &Tensor, least: bool) -> Result<Tensor> {
    let (_, length) = rows.dims2()?;
    let extreme = if least { rows.min_keepdim(1)? } else { rows.max_keepdim(1)? };
    // A NaN is not equal to itself, and wins.
    let nan = rows.ne(rows)?;
    let any_nan = nan.to_dtype(DType::F32)?.max_keepdim(1)?.broadcast_as(rows.shape())?.gt(0f32)?;
    let met = any_nan.where_cond(&nan, &rows.broadcast_eq(&extreme)?)?;
    let last = u32::try_from(length)?.saturating_sub(1);
    let places = Tensor::arange(0, last + 1, rows.device())?.reshape((1, length))?;
    let places = places.broadcast_as(rows.shape())?.contiguous()?;
    met.where_cond(&places, &Tensor::full(last, rows.shape(), rows.device())?.contiguous()?)?.min_keepdim(1)
}
