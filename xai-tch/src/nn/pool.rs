//! Pooling.

use tch::Tensor as Torch;
use xai_core::nn::{AvgPool2d, MaxPool2d, Padding};

use super::resize::pad;
use crate::backend::int;
use crate::failure::TchResult;

/// libtorch pads a pool by the same number on both sides, and by half the window at most.
pub(super) fn own_padding(padding: Padding, kernel: [usize; 2]) -> Option<[i64; 2]> {
    let [rows, columns] = padding.as_symmetric()?;
    (rows <= kernel[0] / 2 && columns <= kernel[1] / 2).then(|| [int(rows), int(columns)])
}

pub(super) fn max(op: &MaxPool2d, x: &Torch) -> TchResult {
    let pool =
        |x: &Torch, padding: [i64; 2]| x.f_max_pool2d(op.kernel.map(int), op.stride.map(int), padding, [1, 1], false);
    match own_padding(op.padding, op.kernel) {
        Some(padding) => pool(x, padding),
        None => pool(&pad(x, op.padding, f64::NEG_INFINITY)?, [0, 0]),
    }
}

pub(super) fn avg(op: &AvgPool2d, x: &Torch) -> TchResult {
    let pool = |x: &Torch, padding: [i64; 2]| {
        x.f_avg_pool2d(op.kernel.map(int), op.stride.map(int), padding, false, op.count_include_pad, None)
    };
    if let Some(padding) = own_padding(op.padding, op.kernel) {
        return pool(x, padding);
    }
    let mean = pool(&pad(x, op.padding, 0.0)?, [0, 0])?;
    if op.count_include_pad {
        return Ok(mean);
    }
    // The share of each window that is image; a window of padding alone gives 0.
    let image = Torch::f_ones_like(x)?.f_detach()?;
    let share = pool(&pad(&image, op.padding, 0.0)?, [0, 0])?;
    #[allow(clippy::cast_precision_loss)]
    let one_pixel = 1.0 / (op.kernel[0] as f64 * op.kernel[1] as f64).max(1.0);
    mean.f_div(&share.f_clamp_min(one_pixel / 2.0)?)
}
