//! Networks whose heads are linear in the maps, so that every map is known.

use ndarray::{ArrayD, Axis};
use xai_core::nn::Linear;
use xai_core::{Differentiable, Result, Var};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor};

/// The outputs of every head.
pub(crate) const CLASSES: usize = 3;

/// A = 2·x - 0.1 at the place `maps`; y = W · (mean of A over the spatial axes) + b.
pub(crate) struct Pooled {
    pub(crate) weight: ArrayD<f64>,
    classes: Linear<B>,
}

/// A = 2·x - 0.1 at the place `maps`; y = W · A + b, each place with weights of its own.
pub(crate) struct Flat {
    pub(crate) weight: ArrayD<f64>,
    pub(crate) bias: ArrayD<f64>,
    classes: Linear<B>,
}

pub(crate) fn pooled(channels: usize) -> Pooled {
    let weight = noise(7, &[CLASSES, channels]);
    let classes = Linear::new(tensor(&weight), tensor(&noise(8, &[CLASSES]))).unwrap();
    Pooled { weight, classes }
}

pub(crate) fn flat(numbers: usize) -> Flat {
    let (weight, bias) = (noise(9, &[CLASSES, numbers]), noise(10, &[CLASSES]));
    let classes = Linear::new(tensor(&weight), tensor(&bias)).unwrap();
    Flat { weight, bias, classes }
}

/// What is at `maps`.
pub(crate) fn maps(x: &ArrayD<f64>) -> ArrayD<f64> {
    x.mapv(|x| 2.0 * x - 0.1)
}

fn traced<'m>(x: &Var<'m, B>) -> Result<Var<'m, B>> {
    x.within("maps", || Ok(x.affine(2.0, -0.1)))
}

impl Differentiable for Pooled {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let maps = traced(&x[0])?;
        let shape = maps.shape()?;
        let spatial: Vec<usize> = (2..shape.len()).collect();
        maps.mean(&spatial).reshape(&shape[..2]).layer("classes", &self.classes)
    }
}

impl Differentiable for Flat {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        traced(&x[0])?.flatten(1, -1).layer("classes", &self.classes)
    }
}

/// Inputs with 0 to 3 spatial axes.
pub(crate) fn inputs(channels: usize) -> Vec<ArrayD<f64>> {
    [&[][..], &[4], &[3, 2], &[2, 3, 2]]
        .map(|spatial: &[usize]| noise(11, &[&[2, channels], spatial].concat()))
        .to_vec()
}

/// Σₖ wₖ Aₖ of one sample, for weights of its channels.
pub(crate) fn weighted(sample: &ArrayD<f64>, weights: &[f64]) -> ArrayD<f64> {
    let parts = sample.axis_iter(Axis(0)).zip(weights).map(|(map, weight)| map.mapv(|v| v * weight));
    parts.reduce(|all, part| all + part).unwrap().insert_axis(Axis(0))
}

/// A network that is not linear behind its maps: places `a`, `b` (half the size), `c`, which `b` bypasses, and `sum`.
pub(crate) struct Curved {
    first: xai_core::nn::Conv2d<B>,
    second: xai_core::nn::Conv2d<B>,
    third: xai_core::nn::Conv2d<B>,
    pub(crate) classes: Linear<B>,
}

pub(crate) fn curved() -> Curved {
    use crate::models::differences::conv;
    Curved {
        first: conv(20, 4, 2, 3),
        second: conv(21, 5, 4, 3).stride(2),
        third: conv(22, 5, 5, 3),
        classes: linear(23, CLASSES, 5),
    }
}

impl Differentiable for Curved {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let a = x[0].within("a", || Ok(x[0].layer("conv", &self.first)?.relu()))?;
        let b = a.within("b", || Ok(a.layer("conv", &self.second)?.tanh()))?;
        let c = b.within("c", || Ok(b.layer("conv", &self.third)?.relu()))?;
        let sum = b.within("sum", || Ok(&c + &b))?;
        sum.mean(&[2, 3]).flatten(1, -1).layer("classes", &self.classes)
    }
}
