//! Softmax and its logarithm, along any axis.

use super::array::{Array, Pull, flat, shaped};
use super::on_host::OnHost;
use crate::op::{LogSoftmax, Softmax};
use crate::{Element, Result};

impl<F: Element> OnHost<F> for Softmax {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        along(self.axis_of(x.ndim())?, [x], |[lane]| {
            let exps = exponentials(&lane);
            let total: f64 = exps.iter().sum();
            exps.into_iter().map(|e| e / total).collect()
        })
    }

    /// With y = softmax(x): dx = y · (v - Σ v·y).
    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let (axis, y) = (self.axis_of(x.ndim())?, self.output(x)?);
        let kept = y.clone();
        let pull = move |v: &Array<F>| {
            along(axis, [&kept, v], |[y, v]| {
                let common: f64 = y.iter().zip(&v).map(|(y, v)| y * v).sum();
                y.iter().zip(&v).map(|(y, v)| y * (v - common)).collect()
            })
        };
        Ok((y, Box::new(pull)))
    }
}

impl<F: Element> OnHost<F> for LogSoftmax {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        along(self.axis_of(x.ndim())?, [x], |[lane]| {
            let (highest, total) = (highest(&lane), exponentials(&lane).iter().sum::<f64>());
            lane.iter().map(|x| x - highest - total.ln()).collect()
        })
    }

    /// dx = v - softmax(x) · Σ v.
    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let (axis, y) = (self.axis_of(x.ndim())?, self.output(x)?);
        let kept = y.clone();
        let pull = move |v: &Array<F>| {
            along(axis, [&kept, v], |[y, v]| {
                let total: f64 = v.iter().sum();
                y.iter().zip(&v).map(|(y, v)| v - y.exp() * total).collect()
            })
        };
        Ok((y, Box::new(pull)))
    }
}

fn highest(lane: &[f64]) -> f64 {
    lane.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// eˣ, divided by the highest, so that none overflows.
fn exponentials(lane: &[f64]) -> Vec<f64> {
    let highest = highest(lane);
    lane.iter().map(|x| (x - highest).exp()).collect()
}

/// A function of whole lanes along an axis, of one array or of several of one shape.
fn along<F: Element, const N: usize>(
    axis: usize,
    arrays: [&Array<F>; N],
    f: impl Fn([Vec<f64>; N]) -> Vec<f64>,
) -> Result<Array<F>> {
    let shape = arrays[0].shape();
    let (length, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let values = arrays.map(|a| flat(a));
    let mut out = vec![F::zero(); values[0].len()];
    for start in (0..out.len()).filter(|i| i / inner % length == 0) {
        let places = (0..length).map(|k| start + k * inner);
        let lanes = std::array::from_fn(|n| places.clone().map(|place| values[n][place].as_f64()).collect());
        places.zip(f(lanes)).for_each(|(place, value)| out[place] = F::of(value));
    }
    shaped(shape, out)
}
