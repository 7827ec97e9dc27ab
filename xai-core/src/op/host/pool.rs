//! Pooling: every pool is a list of windows on each axis.

use std::ops::Range;

use super::array::{Array, Pull, flat, image, shaped};
use super::on_host::OnHost;
use crate::op::{AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d, bounded};
use crate::{Element, Error, Result};

/// The rows and the columns of the windows, cut to the image, and the shapes.
#[derive(Clone)]
struct Windows {
    rows: Vec<Range<usize>>,
    columns: Vec<Range<usize>>,
    input: [usize; 4],
}

impl Windows {
    /// Windows of one kernel; the padding is smaller than it, so that none is empty.
    fn sliding(
        x: &[usize],
        output: &[usize],
        kernel: [usize; 2],
        stride: [usize; 2],
        before: [usize; 2],
    ) -> Result<Self> {
        let (input, output) = (image(x)?, image(output)?);
        let [rows, columns] = [0, 1].map(|axis| {
            let window = |place: usize| {
                let start = place * stride[axis];
                start.saturating_sub(before[axis])..(start + kernel[axis] - before[axis]).min(input[2 + axis])
            };
            (0..output[2 + axis]).map(window).collect()
        });
        Ok(Windows { rows, columns, input })
    }

    fn of_max(pool: &MaxPool2d, x: &[usize]) -> Result<Self> {
        let before = [pool.padding.top, pool.padding.left];
        Windows::sliding(x, &pool.output_shape(x)?, pool.kernel, pool.stride, before)
    }

    /// ⌊i·n/size⌋ .. ⌈(i+1)·n/size⌉ on each axis.
    fn adaptive(x: &[usize], size: [usize; 2]) -> Result<Self> {
        let input = image(x)?;
        let [rows, columns] = [0, 1].map(|axis| {
            let (length, size) = (input[2 + axis], size[axis]);
            (0..size).map(|i| i * length / size..((i + 1) * length).div_ceil(size)).collect()
        });
        Ok(Windows { rows, columns, input })
    }

    fn output(&self) -> [usize; 4] {
        [self.input[0], self.input[1], self.rows.len(), self.columns.len()]
    }

    /// Where each window has its maximum. Of equal ones the first; a NaN is passed on, as PyTorch does.
    fn highest<F: Element>(&self, values: &[F]) -> Vec<usize> {
        let greater = |best: usize, place: usize| {
            if values[place] > values[best] || values[place].is_nan() { place } else { best }
        };
        let mut highest = Vec::new();
        self.visit(|_, places| highest.extend(places.reduce(greater)));
        highest
    }

    /// Calls `f(place in the output, places in the input)` for every window, in row-major order.
    fn visit(&self, mut f: impl FnMut(usize, &mut dyn Iterator<Item = usize>)) {
        let [batch, channels, height, width] = self.input;
        let mut to = 0;
        for plane in 0..batch * channels {
            for rows in &self.rows {
                for columns in &self.columns {
                    let row = |y| columns.clone().map(move |x| (plane * height + y) * width + x);
                    f(to, &mut rows.clone().flat_map(row));
                    to += 1;
                }
            }
        }
    }
}

impl<F: Element> OnHost<F> for MaxPool2d {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        maxima_of(&Windows::of_max(self, x.shape())?, x)
    }

    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        max_of(&Windows::of_max(self, x.shape())?, x)
    }
}

impl<F: Element> OnHost<F> for AdaptiveMaxPool2d {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        maxima_of(&Windows::adaptive(x.shape(), self.size)?, x)
    }

    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        max_of(&Windows::adaptive(x.shape(), self.size)?, x)
    }
}

impl<F: Element> OnHost<F> for AvgPool2d {
    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let before = [self.padding.top, self.padding.left];
        let output = self.output_shape(x.shape())?;
        let windows = Windows::sliding(x.shape(), &output, self.kernel, self.stride, before)?;
        let whole = self.count_include_pad.then_some(self.kernel[0] * self.kernel[1]);
        mean_of(windows, whole, x)
    }
}

impl<F: Element> OnHost<F> for AdaptiveAvgPool2d {
    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        mean_of(Windows::adaptive(x.shape(), self.size)?, None, x)
    }
}

/// The maxima alone, of a pass that does not go back.
fn maxima_of<F: Element>(windows: &Windows, x: &Array<F>) -> Result<Array<F>> {
    let values = flat(x);
    let mut y = Vec::new();
    let greater = |best: F, value: F| if value > best || value.is_nan() { value } else { best };
    windows.visit(|_, places| y.extend(places.map(|place| values[place]).reduce(greater)));
    shaped(&windows.output(), y)
}

fn max_of<F: Element>(windows: &Windows, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
    let values = flat(x);
    let highest = windows.highest(&values);
    let y = shaped(&windows.output(), highest.iter().map(|&place| values[place]).collect())?;
    let shape = windows.input;
    let pull = move |v: &Array<F>| {
        let mut dx = vec![F::zero(); shape.iter().product()];
        highest.iter().zip(v.iter()).for_each(|(&place, &v)| dx[place] += v);
        shaped(&shape, dx)
    };
    Ok((y, Box::new(pull)))
}

/// See `Backend::max_pool_segments`.
pub(crate) fn max_pool_segments<F: Element>(
    pool: &MaxPool2d,
    x: &Array<F>,
    nodes: usize,
) -> Result<(Array<F>, Pull<F>)> {
    let output = pool.segments_shape(x.shape(), nodes)?;
    let windows = Windows::of_max(pool, x.shape())?;
    let values = flat(x);
    let highest = windows.highest(&values);
    let [rows, shape @ ..] = windows.input;
    let (row, row_out) = (shape.iter().product::<usize>(), output[1..].iter().product::<usize>());
    let mut y = Vec::new();
    // Where the cotangent of each window goes: (from the segment's start, from its end, the share of the former).
    let mut ways = Vec::new();
    let ends = (0..rows).filter(|row| row % nodes > 0);
    for (segment, end) in ends.enumerate() {
        for window in end * row_out..(end + 1) * row_out {
            let (i, j) = (highest[window - row_out], highest[window]);
            let at = |place: usize| bounded(values[place]);
            let (ahead, behind) = (at(i) - at(j - row), at(j) - at(i + row));
            let span = ahead + behind;
            let share = if span == F::zero() { F::of(0.5) } else { ahead / span };
            y.push(values[j]);
            ways.push((segment * row + i % row, segment * row + j % row, share));
        }
    }
    let y = shaped(&output, y)?;
    let shape = [output[0], shape[0], shape[1], shape[2]];
    let pull = move |v: &Array<F>| {
        Error::check_shape("cotangent", &output, v.shape())?;
        let mut dx = vec![F::zero(); shape.iter().product()];
        for (&(i, j, share), &v) in ways.iter().zip(v) {
            let first = v * share;
            dx[i] += first;
            dx[j] += v - first;
        }
        shaped(&shape, dx)
    };
    Ok((y, Box::new(pull)))
}

/// The means over windows of `whole` numbers, the padding's zeros among them, or over those in the image.
#[allow(clippy::cast_precision_loss)]
fn mean_of<F: Element>(windows: Windows, whole: Option<usize>, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
    let values = flat(x);
    let mut y = Vec::new();
    let mut counts = Vec::new();
    windows.visit(|_, places| {
        let (sum, inside) = places.fold((0.0, 0), |(sum, n), place| (sum + values[place].as_f64(), n + 1));
        let count = whole.unwrap_or(inside) as f64;
        y.push(F::of(sum / count));
        counts.push(count);
    });
    let y = shaped(&windows.output(), y)?;
    let pull = move |v: &Array<F>| {
        let v = flat(v);
        let mut dx = vec![F::zero(); windows.input.iter().product()];
        windows.visit(|from, places| {
            let share = F::of(v[from].as_f64() / counts[from]);
            places.for_each(|place| dx[place] += share);
        });
        shaped(&windows.input, dx)
    };
    Ok((y, Box::new(pull)))
}
