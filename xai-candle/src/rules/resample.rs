//! Separable resizing of images: y = R · x · Cᵀ for each plane, with one matrix for the rows and one for the columns.
//!
//! Adaptive average pooling and every up-sampling are of this form, so one pullback, dx = Rᵀ · v · C, serves them all,
//! for any sizes.

use std::ops::Range;

use candle_core::{DType, Device, Result, Tensor};
use xai_core::nn::{Upsample2d, UpsampleMode};

use super::{Pull, Ruled};
use crate::kernels::pool::PoolGeometry;

/// One axis of a resizing: for each output entry, the input entries it is made of, with their shares.
struct Axis {
    inputs: usize,
    shares: Vec<Vec<(usize, f64)>>,
}

impl Axis {
    /// The mean over windows.
    #[allow(clippy::cast_precision_loss)]
    fn means(inputs: usize, windows: impl Iterator<Item = Range<usize>>) -> Self {
        let share = |window: Range<usize>| {
            let count = window.len() as f64;
            window.map(|i| (i, 1.0 / count)).collect()
        };
        Axis { inputs, shares: windows.map(share).collect() }
    }

    /// Whether each entry of the output is the input's at its place.
    fn is_identity(&self) -> bool {
        let mut entries = self.shares.iter().enumerate();
        self.shares.len() == self.inputs && entries.all(|(i, shares)| matches!(shares[..], [(j, 1.0)] if i == j))
    }

    /// (outputs, inputs); none where that is the identity.
    fn matrix(&self, dtype: DType, device: &Device) -> Result<Option<Tensor>> {
        if self.is_identity() {
            return Ok(None);
        }
        let mut matrix = vec![0.0; self.shares.len() * self.inputs];
        for (row, shares) in matrix.chunks_exact_mut(self.inputs).zip(&self.shares) {
            for &(input, share) in shares {
                row[input] += share;
            }
        }
        let shape = (self.shares.len(), self.inputs);
        Tensor::from_vec(matrix, shape, &Device::Cpu)?.to_dtype(dtype)?.to_device(device).map(Some)
    }
}

/// ⌊i·H/h⌋ .. ⌈(i+1)·H/h⌉
pub(super) fn adaptive_windows(inputs: usize, outputs: usize) -> impl Iterator<Item = Range<usize>> {
    (0..outputs).map(move |i| i * inputs / outputs..((i + 1) * inputs).div_ceil(outputs))
}

pub(super) fn adaptive_avg_pool2d(size: [usize; 2], x: &Tensor) -> Ruled {
    let (_, _, h, w) = x.dims4()?;
    let [rows, cols] = [(h, size[0]), (w, size[1])].map(|(i, o)| Axis::means(i, adaptive_windows(i, o)));
    linear(x, &rows, &cols)
}

#[allow(clippy::cast_precision_loss)]
pub(super) fn avg_pool2d(x: &Tensor, g: &PoolGeometry, count_include_pad: bool) -> Ruled {
    let [rows, cols] = [0, 1].map(|side| {
        let window = |i: usize| {
            let (start, pad) = (i * g.stride[side], g.pad_before[side]);
            let end = (start + g.kernel[side]).saturating_sub(pad).min(g.input[side]);
            start.saturating_sub(pad).min(end)..end
        };
        let mut axis = Axis::means(g.input[side], (0..g.output[side]).map(window));
        if count_include_pad {
            for share in axis.shares.iter_mut().flatten() {
                share.1 = 1.0 / g.kernel[side] as f64;
            }
        }
        axis
    });
    linear(x, &rows, &cols)
}

/// Each pixel of the output by its shares of the input's.
pub(super) fn upsample2d(op: &Upsample2d, x: &Tensor) -> Ruled {
    let (_, _, h, w) = x.dims4()?;
    let shares = |inputs: usize, outputs: usize| (0..outputs).map(|i| op.mode.shares(inputs, outputs, i)).collect();
    let [rows, cols] = [(h, op.size[0]), (w, op.size[1])].map(|(i, o)| Axis { inputs: i, shares: shares(i, o) });
    if !matches!(op.mode, UpsampleMode::Nearest | UpsampleMode::NearestExact) {
        return linear(x, &rows, &cols);
    }
    // Selected, not multiplied: an infinite value stays where it is.
    let select = |t: &Tensor, number: usize, axis: &Axis| {
        let places = axis.shares.iter().flatten().map(|&(place, _)| u32::try_from(place));
        let places = places.collect::<std::result::Result<Vec<_>, _>>()?;
        t.index_select(&Tensor::from_vec(places, axis.shares.len(), t.device())?, number)
    };
    let y = select(&select(&x.contiguous()?, 2, &rows)?, 3, &cols)?;
    Ok((y, pull(&matrices(x, &rows, &cols)?)?))
}

/// One matrix for the rows and one for the columns, where there is anything to do along them.
type Matrices = [Option<Tensor>; 2];

fn matrices(x: &Tensor, rows: &Axis, cols: &Axis) -> Result<Matrices> {
    Ok([rows.matrix(x.dtype(), x.device())?, cols.matrix(x.dtype(), x.device())?])
}

fn linear(x: &Tensor, rows: &Axis, cols: &Axis) -> Ruled {
    let pair = matrices(x, rows, cols)?;
    Ok((apply(x, &pair)?, pull(&pair)?))
}

fn pull([rows, cols]: &Matrices) -> Result<Pull> {
    let turned = |t: &Option<Tensor>| t.as_ref().map(|t| t.t()?.contiguous()).transpose();
    let pair = [turned(rows)?, turned(cols)?];
    Ok(Box::new(move |v| apply(v, &pair)))
}

/// rows · x · colsᵀ for each plane.
fn apply(x: &Tensor, [rows, cols]: &Matrices) -> Result<Tensor> {
    let (batch, channels, h, w) = x.dims4()?;
    let planes = batch * channels;
    let mut y = x.clone();
    if let Some(cols) = cols {
        y = y.reshape((planes * h, w))?.matmul(&cols.t()?)?;
    }
    let to_w = cols.as_ref().map_or(Ok(w), |cols| cols.dim(0))?;
    let mut y = y.reshape((planes, h, to_w))?;
    if let Some(rows) = rows {
        y = rows.broadcast_left(planes)?.matmul(&y)?;
    }
    let to_h = rows.as_ref().map_or(Ok(h), |rows| rows.dim(0))?;
    y.reshape((batch, channels, to_h, to_w))
}
