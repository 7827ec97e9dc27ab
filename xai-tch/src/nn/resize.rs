//! Padding and up-sampling.

use tch::Tensor as Torch;
use xai_core::nn::{Padding, Upsample2d, UpsampleMode};
use xai_core::{Error, Result};

use crate::backend::int;
use crate::failure::{NAME, TchResult, failed};

pub(super) fn pad(x: &Torch, padding: Padding, value: f64) -> TchResult {
    let Padding { top, bottom, left, right } = padding;
    x.f_pad([left, right, top, bottom].map(int), "constant", value)
}

pub(super) fn upsample(op: Upsample2d, x: &Torch) -> Result<Torch> {
    match op.mode {
        UpsampleMode::Nearest => nearest(op.size, x),
        UpsampleMode::Bilinear { align_corners } => {
            x.f_upsample_bilinear2d(op.size.map(int), align_corners, None, None)
        }
        // The compiler cannot ask for what is not there yet.
        unknown => return Err(Error::backend(NAME, format!("{unknown:?} is newer than this adapter"))),
    }
    .map_err(failed)
}

/// ⌊i · H / H'⌋. libtorch computes that in single precision, which for some sizes lands one pixel off (2 to 82); those
/// axes are gathered by exact indices.
fn nearest(size: [usize; 2], x: &Torch) -> TchResult {
    let mut out = x.shallow_clone();
    for (axis, to) in [2, 3].into_iter().zip(size) {
        let from = out.size().get(axis).and_then(|&n| usize::try_from(n).ok()).unwrap_or(0);
        if !single_precision_is_exact(from, to) {
            let places: Vec<i64> = (0..to).map(|i| int(i * from / to)).collect();
            out = out.f_index_select(int(axis), &Torch::f_from_slice(&places)?.f_to_device(x.device())?)?;
        }
    }
    // Axes that have their length already stay as they are.
    out.f_upsample_nearest2d(size.map(int), None, None)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn single_precision_is_exact(from: usize, to: usize) -> bool {
    let scale = from as f32 / to as f32;
    (0..to).all(|i| ((i as f32 * scale) as usize).min(from.saturating_sub(1)) == i * from / to)
}
