//! Borders and up-sampling: each output pixel is a weighted sum of input pixels.

use ndarray::{ArrayD, IxDyn, Slice};

use super::array::{Array, Pull, flat, image, shaped};
use crate::op::{Pad2d, Upsample2d, UpsampleMode};
use crate::{Element, Result};

pub(super) fn pad<F: Element>(pad: &Pad2d, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
    let [_, _, rows, columns] = image(x.shape())?;
    let (top, left) = (pad.padding.top, pad.padding.left);
    let inside = move |axis: ndarray::AxisDescription| match axis.axis.index() {
        2 => Slice::from(top..top + rows),
        3 => Slice::from(left..left + columns),
        _ => Slice::from(..),
    };
    let mut y = ArrayD::from_elem(IxDyn(&pad.output_shape(x.shape())?), F::of(pad.value));
    y.slice_each_axis_mut(inside).assign(x);
    let pull = move |v: &Array<F>| Ok(v.slice_each_axis(inside).to_owned().into_shared());
    Ok((y.into_shared(), Box::new(pull)))
}

/// Input places and their weights, for each output place on one axis.
type Taps = Vec<Vec<(usize, f64)>>;

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn taps(length: usize, size: usize, mode: UpsampleMode) -> Taps {
    let at = |i: usize| {
        let place = match mode {
            UpsampleMode::Nearest => return vec![(i * length / size, 1.0)],
            UpsampleMode::Bilinear { align_corners: true } if size == 1 => 0.0,
            UpsampleMode::Bilinear { align_corners: true } => i as f64 * (length - 1) as f64 / (size - 1) as f64,
            UpsampleMode::Bilinear { align_corners: false } => {
                ((i as f64 + 0.5) * length as f64 / size as f64 - 0.5).max(0.0)
            }
        };
        let low = (place.floor() as usize).min(length - 1);
        let share = place - low as f64;
        if share > 0.0 && low + 1 < length { vec![(low, 1.0 - share), (low + 1, share)] } else { vec![(low, 1.0)] }
    };
    (0..size).map(at).collect()
}

pub(super) fn upsample<F: Element>(op: &Upsample2d, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
    let input = image(x.shape())?;
    let [batch, channels, height, width] = input;
    let output = [batch, channels, op.size[0], op.size[1]];
    let (rows, columns) = (taps(height, op.size[0], op.mode), taps(width, op.size[1], op.mode));
    // Calls `f(output place, input place, weight)`.
    let visit = move |f: &mut dyn FnMut(usize, usize, f64)| {
        let mut to = 0;
        for plane in 0..batch * channels {
            for row in &rows {
                for column in &columns {
                    for (y, above) in row {
                        for (x, beside) in column {
                            f(to, (plane * height + y) * width + x, above * beside);
                        }
                    }
                    to += 1;
                }
            }
        }
    };
    let values = flat(x);
    let mut y = vec![0.0; output.iter().product()];
    visit(&mut |to, from, weight| y[to] += weight * values[from].as_f64());
    let y = shaped(&output, y.into_iter().map(F::of).collect())?;
    let pull = move |v: &Array<F>| {
        let v = flat(v);
        let mut dx = vec![0.0; input.iter().product()];
        visit(&mut |from, to, weight| dx[to] += weight * v[from].as_f64());
        shaped(&input, dx.into_iter().map(F::of).collect())
    };
    Ok((y, Box::new(pull)))
}
