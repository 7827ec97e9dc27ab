//! Layer, RMS and group norm: each normalises runs of numbers that lie next to each other.

use super::array::{Array, Pull, flat, numbers, shaped};
use super::on_host::OnHost;
use crate::op::{GroupNorm, LayerNorm, RmsNorm};
use crate::{Element, NdArray, Result, Weight};

/// What a norm has found out about its input: x̂, 1/σ, and the weights.
struct Normalised<F: Element> {
    shape: Vec<usize>,
    /// How many numbers are normalised together.
    run: usize,
    /// Whether the mean was taken off.
    centred: bool,
    /// x̂ = (x - mean) / σ, of every number.
    normal: Vec<f64>,
    /// 1 / σ, of every run.
    inverse: Vec<f64>,
    weight: Option<Factors<F>>,
    bias: Option<Factors<F>>,
}

/// A weight of which entry i / inner mod length belongs to the input's i-th number.
struct Factors<F: Element> {
    values: Array<F>,
    inner: usize,
}

impl<F: Element> Factors<F> {
    fn new(weight: Option<&Weight<NdArray<F>>>, inner: usize) -> Option<Self> {
        weight.map(|w| Factors { values: numbers(w), inner })
    }

    fn at(weight: Option<&Self>) -> impl Fn(usize) -> Option<f64> {
        let parts = weight.map(|w| (flat(&w.values), w.inner));
        move |i| parts.as_ref().map(|(values, inner)| values[i / inner % values.len()].as_f64())
    }
}

fn layer<F: Element>(norm: &LayerNorm<NdArray<F>>, x: &Array<F>) -> Result<Normalised<F>> {
    let run = x.shape()[x.ndim() - norm.axes..].iter().product();
    let (weight, bias) = (Factors::new(norm.weight.as_ref(), 1), Factors::new(norm.bias.as_ref(), 1));
    Ok(Normalised::new(x, run, true, norm.eps, weight, bias))
}

fn rms<F: Element>(norm: &RmsNorm<NdArray<F>>, x: &Array<F>) -> Result<Normalised<F>> {
    let run = x.shape()[x.ndim() - 1];
    Ok(Normalised::new(x, run, false, norm.eps, Factors::new(norm.weight.as_ref(), 1), None))
}

fn group<F: Element>(norm: &GroupNorm<NdArray<F>>, x: &Array<F>) -> Result<Normalised<F>> {
    let inner = x.shape()[2..].iter().product();
    let run = x.shape()[1] / norm.groups * inner;
    let (weight, bias) = (Factors::new(norm.weight.as_ref(), inner), Factors::new(norm.bias.as_ref(), inner));
    Ok(Normalised::new(x, run, true, norm.eps, weight, bias))
}

impl<F: Element> OnHost<F> for LayerNorm<NdArray<F>> {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        layer(self, x)?.output()
    }

    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        layer(self, x)?.vjp()
    }
}

impl<F: Element> OnHost<F> for RmsNorm<NdArray<F>> {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        rms(self, x)?.output()
    }

    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        rms(self, x)?.vjp()
    }
}

impl<F: Element> OnHost<F> for GroupNorm<NdArray<F>> {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        group(self, x)?.output()
    }

    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        group(self, x)?.vjp()
    }
}

impl<F: Element> Normalised<F> {
    fn new(
        x: &Array<F>,
        run: usize,
        centred: bool,
        eps: f64,
        weight: Option<Factors<F>>,
        bias: Option<Factors<F>>,
    ) -> Self {
        let mut normal: Vec<f64> = x.iter().map(|v| v.as_f64()).collect();
        let mut inverse = Vec::with_capacity(normal.len() / run);
        for numbers in normal.chunks_mut(run) {
            let shift = if centred { mean(numbers.iter().copied()) } else { 0.0 };
            numbers.iter_mut().for_each(|v| *v -= shift);
            let factor = 1.0 / (mean(numbers.iter().map(|v| v * v)) + eps).sqrt();
            numbers.iter_mut().for_each(|v| *v *= factor);
            inverse.push(factor);
        }
        Normalised { shape: x.shape().to_vec(), run, centred, normal, inverse, weight, bias }
    }

    /// x̂ · weight + bias.
    fn output(&self) -> Result<Array<F>> {
        let (weight, bias) = (Factors::at(self.weight.as_ref()), Factors::at(self.bias.as_ref()));
        let scaled = |(i, &v): (usize, &f64)| F::of(v * weight(i).unwrap_or(1.0) + bias(i).unwrap_or(0.0));
        let values = self.normal.iter().enumerate().map(scaled).collect();
        shaped(&self.shape, values)
    }

    /// With g = v · weight: (g - mean(g) - x̂ · mean(g · x̂)) / σ; without mean(g) where the mean was not taken off.
    fn vjp(self) -> Result<(Array<F>, Pull<F>)> {
        let y = self.output()?;
        let pull = move |v: &Array<F>| {
            let weight = Factors::at(self.weight.as_ref());
            let scaled = |(i, v): (usize, &F)| v.as_f64() * weight(i).unwrap_or(1.0);
            let g: Vec<f64> = v.iter().enumerate().map(scaled).collect();
            let mut dx = Vec::with_capacity(g.len());
            for ((g, normal), factor) in g.chunks(self.run).zip(self.normal.chunks(self.run)).zip(&self.inverse) {
                let common = if self.centred { mean(g.iter().copied()) } else { 0.0 };
                let along = mean(g.iter().zip(normal).map(|(g, n)| g * n));
                dx.extend(g.iter().zip(normal).map(|(g, n)| F::of((g - common - n * along) * factor)));
            }
            shaped(&self.shape, dx)
        };
        Ok((y, Box::new(pull)))
    }
}

#[allow(clippy::cast_precision_loss)]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
