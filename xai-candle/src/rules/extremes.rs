//! The greatest and the smallest numbers along axes.

use candle_core::{DType, Result, Tensor};
use xai_core::nn::{Reduce, Reduction};

use super::{Pull, Ruled, Way};
use crate::Host;
use crate::host::{Numbers, with_number_type};

/// y = the extreme number along the axes; of equal ones the first in row-major order gets the whole cotangent, and a
/// NaN is passed on.
pub(super) fn extremes(way: Way, op: &Reduce, x: &Tensor, output: &[usize]) -> Ruled {
    let (kept, reduced): (Vec<usize>, Vec<usize>) = (0..x.rank()).partition(|axis| !op.axes.contains(axis));
    let order = [kept, reduced.clone()].concat();
    let turned = x.permute(&order[..])?;
    let shape = turned.shape().clone();
    let length: usize = reduced.iter().map(|&axis| x.dims()[axis]).product();
    let rows = turned.reshape((x.elem_count() / length, length))?;
    let least = op.of == Reduction::Min;
    let winners = match way {
        Way::Kernels => with_number_type!(rows.dtype(), T => by_loop::<T>(&rows, least)),
        Way::TensorOps => by_tensor_ops(&rows, least),
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
