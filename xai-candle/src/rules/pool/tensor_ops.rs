//! Max pooling from candle's own tensor operations.

use candle_core::{Result, Tensor, bail};

use super::super::resample::adaptive_windows;
use super::super::shift::{crop, every, extend};
use super::super::{Pull, Ruled, tensor_bounded};
use crate::kernels::pool::PoolGeometry;

/// The maxima of an image's windows.
struct Maxima {
    /// The image as far as the windows reach, in flat planes: (planes, rows · columns).
    padded: Tensor,
    /// (planes, windows)
    highest: Tensor,
    /// Where in its plane of `padded` each is: (planes, windows).
    winners: Tensor,
}

/// How far the windows reach: (rows, columns).
fn covered(g: &PoolGeometry) -> [usize; 2] {
    [0, 1].map(|side| (g.output[side] - 1) * g.stride[side] + g.kernel[side])
}

/// The image as far as the windows reach.
fn padded(x: &Tensor, g: &PoolGeometry) -> Result<Tensor> {
    let [rows, cols] = covered(g);
    extend(&extend(x, 2, g.pad_before[0], rows, f64::NEG_INFINITY)?, 3, g.pad_before[1], cols, f64::NEG_INFINITY)
}

/// For each place of the window, the padded image shifted by it: one number for each window.
fn shifted<'a>(padded: &'a Tensor, g: &'a PoolGeometry) -> impl Iterator<Item = ([usize; 2], Result<Tensor>)> + 'a {
    let places = (0..g.kernel[0]).flat_map(|u| (0..g.kernel[1]).map(move |v| [u, v]));
    places.map(|[u, v]| {
        let rows = every(padded, 2, u, g.stride[0], g.output[0]);
        ([u, v], rows.and_then(|rows| every(&rows, 3, v, g.stride[1], g.output[1])?.contiguous()))
    })
}

/// Whether a number takes the place of the highest so far: a NaN does, which is not equal to itself.
fn wins(value: &Tensor, highest: &Tensor) -> Result<Tensor> {
    value.gt(highest)? + value.ne(value)?
}

/// The maxima of the windows, (B, C, rows, columns).
pub(super) fn max_values(x: &Tensor, g: &PoolGeometry) -> Result<Tensor> {
    let padded = padded(x, g)?;
    let mut best: Option<Tensor> = None;
    for (_, value) in shifted(&padded, g) {
        let value = value?;
        best = Some(match best {
            None => value,
            Some(highest) => wins(&value, &highest)?.where_cond(&value, &highest)?,
        });
    }
    best.map_or_else(|| bail!("a window without a place"), Ok)
}

/// A running maximum over shifted images, one for each place of the window, with the place where it was met.
fn maxima(x: &Tensor, g: &PoolGeometry) -> Result<Maxima> {
    let [rows, cols] = covered(g);
    let padded = padded(x, g)?;
    let mut best: Option<(Tensor, Tensor)> = None;
    for ([u, v], shifted) in shifted(&padded, g) {
        let shifted = shifted?;
        let at = |i: usize, j: usize| u32::try_from((i * g.stride[0] + u) * cols + j * g.stride[1] + v);
        let places = (0..g.output[0]).flat_map(|i| (0..g.output[1]).map(move |j| (i, j)));
        let places = places.map(|(i, j)| at(i, j)).collect::<std::result::Result<Vec<u32>, _>>()?;
        let places = Tensor::from_vec(places, (1, 1, g.output[0], g.output[1]), x.device())?;
        let places = places.broadcast_as(shifted.shape())?.contiguous()?;
        best = Some(match best {
            None => (shifted, places),
            Some((highest, winners)) => {
                let wins = wins(&shifted, &highest)?;
                (wins.where_cond(&shifted, &highest)?, wins.where_cond(&places, &winners)?)
            }
        });
    }
    let Some((highest, winners)) = best else { bail!("a window without a place") };
    let windows = (g.planes, g.output[0] * g.output[1]);
    Ok(Maxima {
        padded: padded.contiguous()?.reshape((g.planes, rows * cols))?,
        highest: highest.reshape(windows)?,
        winners: winners.reshape(windows)?,
    })
}

/// The images (B, C, H, W) that are a part of flat padded planes.
fn cropped(padded: &Tensor, [batch, channels, h, w]: [usize; 4], g: &PoolGeometry) -> Result<Tensor> {
    let [rows, cols] = covered(g);
    let padded = padded.reshape((batch, channels, rows, cols))?;
    crop(&crop(&padded, 2, g.pad_before[0], h)?, 3, g.pad_before[1], w)?.contiguous()
}

pub(super) fn max_pool2d(x: &Tensor, output: &[usize], g: &PoolGeometry) -> Ruled {
    let (batch, channels, h, w) = x.dims4()?;
    let g = *g;
    let Maxima { padded, highest, winners } = maxima(x, &g)?;
    let length = padded.dim(1)?;
    let pull: Pull = Box::new(move |v| cropped(&scatter(v, &winners, length)?, [batch, channels, h, w], &g));
    Ok((highest.reshape(output)?, pull))
}

/// See `Backend::max_pool_segments`.
pub(super) fn max_pool_segments(x: &Tensor, nodes: usize, output: &[usize], g: &PoolGeometry) -> Ruled {
    let (rows, channels, h, w) = x.dims4()?;
    let g = *g;
    let Maxima { padded, highest, winners } = maxima(x, &g)?;
    // The planes of the rows at the segments' starts, or ends.
    let end = |t: &Tensor, start: usize| {
        let paths = t.reshape((rows / nodes, nodes, channels, t.dim(1)?))?;
        paths.narrow(1, start, nodes - 1)?.contiguous()?.reshape(((rows - rows / nodes) * channels, t.dim(1)?))
    };
    let [starts, ends] = [end(&winners, 0)?, end(&winners, 1)?];
    let y = end(&highest, 1)?;
    let ahead = (tensor_bounded(&end(&highest, 0)?)? - tensor_bounded(&end(&padded, 0)?.gather(&ends, 1)?)?)?;
    let behind = (tensor_bounded(&y)? - tensor_bounded(&end(&padded, 1)?.gather(&starts, 1)?)?)?;
    let span = (behind + &ahead)?;
    let same = span.eq(0f64)?;
    let share = (&ahead / same.where_cond(&span.ones_like()?, &span)?)?;
    let share = same.where_cond(&(span.ones_like()? * 0.5)?, &share)?;
    let length = padded.dim(1)?;
    let pull: Pull = Box::new(move |v| {
        let v = v.reshape(share.shape())?;
        let first = (&v * &share)?;
        let pulled = scatter(&first, &starts, length)?.scatter_add(&ends, &(v - first)?, 1)?;
        cropped(&pulled, [rows - rows / nodes, channels, h, w], &g)
    });
    Ok((y.reshape(output)?, pull))
}

/// Zeros, with each cotangent added at its window's winner: (planes, `length`).
fn scatter(v: &Tensor, winners: &Tensor, length: usize) -> Result<Tensor> {
    let zeros = Tensor::zeros((winners.dim(0)?, length), v.dtype(), v.device())?;
    zeros.scatter_add(winners, &v.reshape(winners.shape())?.contiguous()?, 1)
}

/// The places of each window of an adaptive pool, in row-major order: windows differ in size.
fn adaptive_places([h, w]: [usize; 2], size: [usize; 2]) -> Result<Vec<Vec<u32>>> {
    let mut all = Vec::with_capacity(size[0] * size[1]);
    for rows in adaptive_windows(h, size[0]) {
        for cols in adaptive_windows(w, size[1]) {
            let places = rows.clone().flat_map(|r| cols.clone().map(move |c| u32::try_from(r * w + c)));
            all.push(places.collect::<std::result::Result<Vec<u32>, _>>()?);
        }
    }
    Ok(all)
}

/// The maxima of an adaptive pool alone.
pub(in super::super) fn adaptive_maxima(size: [usize; 2], x: &Tensor) -> Result<Tensor> {
    let (batch, channels, h, w) = x.dims4()?;
    let flat = x.reshape((batch * channels, h * w))?;
    let highest = |places: Vec<u32>| {
        let count = places.len();
        flat.index_select(&Tensor::from_vec(places, count, x.device())?, 1)?.max_keepdim(1)
    };
    let maxima = adaptive_places([h, w], size)?.into_iter().map(highest).collect::<Result<Vec<_>>>()?;
    Tensor::cat(&maxima, 1)?.reshape((batch, channels, size[0], size[1]))
}

/// One maximum for each window of an adaptive pool.
pub(in super::super) fn adaptive_max_pool2d(size: [usize; 2], x: &Tensor) -> Ruled {
    let (batch, channels, h, w) = x.dims4()?;
    let flat = x.reshape((batch * channels, h * w))?;
    let mut found = vec![];
    for places in adaptive_places([h, w], size)? {
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
    let (maxima, winners): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let y = Tensor::cat(&maxima, 1)?.reshape((batch, channels, size[0], size[1]))?;
    let winners = Tensor::cat(&winners, 1)?.contiguous()?;
    let pull: Pull = Box::new(move |v| scatter(v, &winners, h * w)?.reshape((batch, channels, h, w)));
    Ok((y, pull))
}
