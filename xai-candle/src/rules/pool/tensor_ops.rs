//! Max pooling from candle's own tensor operations.

use candle_core::{Result, Tensor, bail};

use super::super::resample::adaptive_windows;
use super::super::shift::{crop, every, extend};
use super::super::{Pull, Ruled};
use crate::kernels::pool::PoolGeometry;

/// A running maximum over shifted images, one for each place of the window, with the place where it was met.
pub(super) fn max_pool2d(x: &Tensor, output: &[usize], g: PoolGeometry) -> Ruled {
    let (batch, channels, h, w) = x.dims4()?;
    let covered = |side: usize| (g.output[side] - 1) * g.stride[side] + g.kernel[side];
    let [rows, cols] = [covered(0), covered(1)];
    let padded = extend(x, 2, g.pad_before[0], rows, f64::NEG_INFINITY)?;
    let padded = extend(&padded, 3, g.pad_before[1], cols, f64::NEG_INFINITY)?;
    let mut best: Option<(Tensor, Tensor)> = None;
    for (u, v) in (0..g.kernel[0]).flat_map(|u| (0..g.kernel[1]).map(move |v| (u, v))) {
        let shifted = every(&padded, 2, u, g.stride[0], g.output[0])?;
        let shifted = every(&shifted, 3, v, g.stride[1], g.output[1])?.contiguous()?;
        let at = |i: usize, j: usize| u32::try_from((i * g.stride[0] + u) * cols + j * g.stride[1] + v);
        let places = (0..g.output[0]).flat_map(|i| (0..g.output[1]).map(move |j| (i, j)));
        let places = places.map(|(i, j)| at(i, j)).collect::<std::result::Result<Vec<u32>, _>>()?;
        let places = Tensor::from_vec(places, (1, 1, g.output[0], g.output[1]), x.device())?;
        let places = places.broadcast_as(shifted.shape())?.contiguous()?;
        best = Some(match best {
            None => (shifted, places),
            Some((highest, winners)) => {
                // A NaN wins: it is not equal to itself.
                let wins = (shifted.gt(&highest)? + shifted.ne(&shifted)?)?;
                (wins.where_cond(&shifted, &highest)?, wins.where_cond(&places, &winners)?)
            }
        });
    }
    let Some((y, winners)) = best else { bail!("a window without a place") };
    let winners = winners.reshape((batch * channels, g.output[0] * g.output[1]))?;
    let pull: Pull = Box::new(move |v| {
        let padded = scatter(v, &winners, rows * cols)?.reshape((batch, channels, rows, cols))?;
        crop(&crop(&padded, 2, g.pad_before[0], h)?, 3, g.pad_before[1], w)?.contiguous()
    });
    Ok((y.reshape(output)?, pull))
}

/// Zeros, with each cotangent added at its window's winner: (planes, `length`).
fn scatter(v: &Tensor, winners: &Tensor, length: usize) -> Result<Tensor> {
    let zeros = Tensor::zeros((winners.dim(0)?, length), v.dtype(), v.device())?;
    zeros.scatter_add(winners, &v.reshape(winners.shape())?.contiguous()?, 1)
}

/// The windows of an adaptive pool differ in size: one maximum for each.
pub(in super::super) fn adaptive_max_pool2d(size: [usize; 2], x: &Tensor) -> Ruled {
    let (batch, channels, h, w) = x.dims4()?;
    let flat = x.reshape((batch * channels, h * w))?;
    let mut found = vec![];
    for rows in adaptive_windows(h, size[0]) {
        for cols in adaptive_windows(w, size[1]) {
            let places = rows.clone().flat_map(|r| cols.clone().map(move |c| u32::try_from(r * w + c)));
            let places = places.collect::<std::result::Result<Vec<u32>, _>>()?;
            let last = places.last().copied().unwrap_or_default();
            let count = places.len();
            let places = Tensor::from_vec(places, count, x.device())?;
            let window = flat.index_select(&places, 1)?;
            let highest = window.max_keepdim(1)?;
            // The first of equal ones: the least place where the maximum is met; the last if it is a NaN.
            let places = places.reshape((1, count))?.broadcast_as(window.shape())?.contiguous()?;
            let nowhere = Tensor::full(last, window.shape(), x.device())?.contiguous()?;
            let met = window.broadcast_eq(&highest)?.where_cond(&places, &nowhere)?;
            found.push((highest, met.min_keepdim(1)?));
        }
    }
    let (maxima, winners): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let y = Tensor::cat(&maxima, 1)?.reshape((batch, channels, size[0], size[1]))?;
    let winners = Tensor::cat(&winners, 1)?.contiguous()?;
    let pull: Pull = Box::new(move |v| scatter(v, &winners, h * w)?.reshape((batch, channels, h, w)));
    Ok((y, pull))
}
