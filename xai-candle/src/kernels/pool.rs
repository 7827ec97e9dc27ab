//! Max and average pooling, straight from their definition.

use std::ops::Range;

use super::Real;

/// The sizes of a pooling, (rows, columns) each; a plane is one channel of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolGeometry {
    pub(crate) planes: usize,
    pub(crate) input: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) pad_before: [usize; 2],
}

impl PoolGeometry {
    fn window(&self, axis: usize, i: usize) -> Range<usize> {
        let start = i * self.stride[axis];
        let end = (start + self.kernel[axis]).saturating_sub(self.pad_before[axis]).min(self.input[axis]);
        start.saturating_sub(self.pad_before[axis]).min(end)..end
    }

    fn windows(&self) -> impl Iterator<Item = (usize, usize, Range<usize>, Range<usize>)> + '_ {
        let [oh, ow] = self.output;
        (0..self.planes * oh * ow).map(move |o| {
            let (plane, i, j) = (o / (oh * ow), o / ow % oh, o % ow);
            (o, plane * self.input[0] * self.input[1], self.window(0, i), self.window(1, j))
        })
    }
}

pub(crate) fn max_forward<T: Real>(x: &[T], g: &PoolGeometry) -> (Vec<T>, Vec<u32>) {
    let width = g.input[1];
    g.windows()
        .map(|(_, plane, rows, cols)| {
            let mut best: Option<(T, usize)> = None;
            for r in rows {
                for place in cols.clone().map(|c| r * width + c) {
                    let value = x[plane + place];
                    if best.is_none_or(|(highest, _)| value > highest || (value.is_nan() && !highest.is_nan())) {
                        best = Some((value, place));
                    }
                }
            }
            let (value, place) = best.unwrap_or((T::neg_infinity(), 0));
            (value, u32::try_from(place).unwrap_or(u32::MAX))
        })
        .unzip()
}

pub(crate) fn max_vjp<T: Real>(dy: &[T], winners: &[u32], g: &PoolGeometry) -> Vec<T> {
    let mut dx = vec![T::zero(); g.planes * g.input[0] * g.input[1]];
    for (o, plane, _, _) in g.windows() {
        dx[plane + winners[o] as usize] += dy[o];
    }
    dx
}

fn count<T: Real>(g: &PoolGeometry, rows: &Range<usize>, cols: &Range<usize>, count_include_pad: bool) -> T {
    let n = if count_include_pad { g.kernel[0] * g.kernel[1] } else { rows.len() * cols.len() };
    #[allow(clippy::cast_precision_loss)]
    T::of(n as f64)
}

pub(crate) fn avg_forward<T: Real>(x: &[T], g: &PoolGeometry, count_include_pad: bool) -> Vec<T> {
    let width = g.input[1];
    g.windows()
        .map(|(_, plane, rows, cols)| {
            let n = count::<T>(g, &rows, &cols, count_include_pad);
            let places = rows.flat_map(|r| cols.clone().map(move |c| plane + r * width + c));
            places.fold(T::zero(), |sum, p| sum + x[p]) / n
        })
        .collect()
}

pub(crate) fn avg_vjp<T: Real>(dy: &[T], g: &PoolGeometry, count_include_pad: bool) -> Vec<T> {
    let width = g.input[1];
    let mut dx = vec![T::zero(); g.planes * g.input[0] * g.input[1]];
    for (o, plane, rows, cols) in g.windows() {
        let share = dy[o] / count::<T>(g, &rows, &cols, count_include_pad);
        for place in rows.flat_map(|r| cols.clone().map(move |c| plane + r * width + c)) {
            dx[place] += share;
        }
    }
    dx
}
