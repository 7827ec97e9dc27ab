//! Borders and up-sampling: each output pixel is a weighted sum of input pixels.

use ndarray::{ArrayD, IxDyn, Slice};

use super::array::{Array, Pull, flat, image, shaped};
use super::on_host::OnHost;
use crate::op::{Pad2d, Upsample2d};
use crate::{Element, Result};

impl<F: Element> OnHost<F> for Pad2d {
    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let [_, _, rows, columns] = image(x.shape())?;
        let (top, left) = (self.padding.top, self.padding.left);
        let inside = move |axis: ndarray::AxisDescription| match axis.axis.index() {
            2 => Slice::from(top..top + rows),
            3 => Slice::from(left..left + columns),
            _ => Slice::from(..),
        };
        let mut y = ArrayD::from_elem(IxDyn(&self.output_shape(x.shape())?), F::of(self.value));
        y.slice_each_axis_mut(inside).assign(x);
        let pull = move |v: &Array<F>| Ok(v.slice_each_axis(inside).to_owned().into_shared());
        Ok((y.into_shared(), Box::new(pull)))
    }
}

impl<F: Element> OnHost<F> for Upsample2d {
    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let input = image(x.shape())?;
        let [batch, channels, height, width] = input;
        let output = [batch, channels, self.size[0], self.size[1]];
        let (mode, size) = (self.mode, self.size);
        let taps = |length: usize, size: usize| -> Vec<_> { (0..size).map(|i| mode.shares(length, size, i)).collect() };
        let (rows, columns) = (taps(height, size[0]), taps(width, size[1]));
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
}
