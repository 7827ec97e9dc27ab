//! Padding and up-sampling.

use tch::Tensor as Torch;
use xai_core::nn::{Padding, Upsample2d, UpsampleMode};

use super::choose::entries;
use crate::backend::int;
use crate::failure::TchResult;

pub(super) fn pad(x: &Torch, padding: Padding, value: f64) -> TchResult {
    let Padding { top, bottom, left, right } = padding;
    x.f_pad([left, right, top, bottom].map(int), "constant", value)
}

pub(super) fn upsample(op: Upsample2d, x: &Torch) -> TchResult {
    let size = op.size.map(int);
    match op.mode {
        // Axes that have their length already stay as they are.
        UpsampleMode::Nearest => nearest(op, x, single_precision_is_exact)?.f_upsample_nearest2d(size, None, None),
        UpsampleMode::NearestExact => nearest(op, x, |from, to| from == to),
        UpsampleMode::Bilinear { align_corners } => x.f_upsample_bilinear2d(size, align_corners, None, None),
        UpsampleMode::Bicubic { align_corners } => x.f_upsample_bicubic2d(size, align_corners, None, None),
    }
}

/// The nearest pixels. libtorch looks for them in single precision, which for some sizes lands one pixel off (2 to 82
/// by ⌊i · H / H'⌋), and by the centres in another way for each number type: but for the axes that are `left` to it,
/// they are gathered by exact indices.
fn nearest(op: Upsample2d, x: &Torch, left: impl Fn(usize, usize) -> bool) -> TchResult {
    let mut out = x.shallow_clone();
    for (axis, to) in [2, 3].into_iter().zip(op.size) {
        let from = out.size().get(axis).and_then(|&n| usize::try_from(n).ok()).unwrap_or(0);
        if !left(from, to) {
            let places: Vec<usize> =
                (0..to).flat_map(|i| op.mode.shares(from, to, i)).map(|(place, _)| place).collect();
            out = entries(&out, axis, &places)?;
        }
    }
    Ok(out)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn single_precision_is_exact(from: usize, to: usize) -> bool {
    let scale = from as f32 / to as f32;
    (0..to).all(|i| ((i as f32 * scale) as usize).min(from.saturating_sub(1)) == i * from / to)
}
