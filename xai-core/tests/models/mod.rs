//! Small models on plain arrays, with their gradients written by hand.
#![allow(dead_code, unreachable_pub)]

pub mod differences;

use ndarray::{ArcArray, Array1, Array2, Axis, Ix2, IxDyn, array};
use xai_core::{Differentiable, Function, Layer, NdArray, Opaque, Pullback, Result, Split, Tensor, Var};

pub type T = ArcArray<f64, IxDyn>;
pub type B = NdArray<f64>;

/// A model of one output per sample, from f(x) and its gradient, row by row.
pub fn scalar(
    f: impl Fn(&[f64]) -> f64 + Copy,
    gradient: impl Fn(&[f64]) -> Vec<f64> + Copy,
) -> impl Differentiable<Backend = B> {
    let rows = |x: &T| x.rows().into_iter().map(|r| r.to_vec()).collect::<Vec<_>>();
    Function::<B, _, _>::new(
        move |x: &T| Array1::from_iter(rows(x).iter().map(|r| f(r))).insert_axis(Axis(1)).into_dyn(),
        move |x: &T, v: &T| {
            let grads: Vec<f64> =
                rows(x).iter().zip(v).flat_map(|(r, v)| gradient(r).into_iter().map(move |g| g * v)).collect();
            Array2::from_shape_vec((x.shape()[0], x.shape()[1]), grads).unwrap().into_dyn()
        },
    )
}

/// y = W₂ tanh(W₁ x): three inputs, four hidden, two outputs. Smooth, so that every quadrature converges fast.
#[derive(Debug, Clone)]
pub struct TanhNet {
    pub w1: Array2<f64>,
    pub w2: Array2<f64>,
}

impl Default for TanhNet {
    fn default() -> Self {
        TanhNet {
            w1: array![[0.5, -1.0, 0.3], [1.2, 0.4, -0.7], [-0.6, 0.9, 0.8], [0.1, -0.2, 1.5]],
            w2: array![[1.0, -0.5, 0.7, 0.3], [-0.8, 0.6, 0.2, -1.1]],
        }
    }
}

impl TanhNet {
    fn hidden(&self, x: &T) -> Array2<f64> {
        x.view().into_dimensionality::<Ix2>().unwrap().dot(&self.w1.t()).mapv(f64::tanh)
    }
}

impl TanhNet {
    pub fn output(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        Ok(Tensor::new(self.hidden(x.inner()).dot(&self.w2.t()).into_dyn().into_shared()))
    }

    pub fn gradient(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        let hidden = self.hidden(x.inner());
        let pull = move |v: &Tensor<B>| {
            let v = v.inner().view().into_dimensionality::<Ix2>().unwrap();
            let dh = v.dot(&self.w2) * hidden.mapv(|h| 1.0 - h * h);
            Ok(Tensor::new(dh.dot(&self.w1).into_dyn().into_shared()))
        };
        Ok((self.output(x)?, Pullback::new(pull)))
    }
}

impl Differentiable for TanhNet {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Ok(x[0].opaque(Opaque::with_vjp(|x| self.output(&x[0]), |x| self.gradient(&x[0]))))
    }
}

/// Layers one after another, with names: borrowed ones, and owned ones.
#[derive(Default)]
pub struct Chain<'a>(Vec<(&'static str, Box<dyn Layer<B> + 'a>)>);

impl<'a> Chain<'a> {
    pub fn new() -> Self {
        Chain::default()
    }

    pub fn layer(self, name: &'static str, layer: &'a (dyn Layer<B> + 'a)) -> Self {
        self.owned(name, layer)
    }

    pub fn owned(mut self, name: &'static str, layer: impl Layer<B> + 'a) -> Self {
        self.0.push((name, Box::new(layer)));
        self
    }
}

impl Layer<B> for Chain<'_> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        self.0.iter().try_fold(x, |x, (name, layer)| x.layer(name, layer))
    }
}

impl Differentiable for Chain<'_> {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Layer::trace(self, x[0].clone())
    }
}

/// A model as one step that nobody can look into: what it is made of is not known.
pub struct Hidden<M>(pub M);

impl<M: Differentiable<Backend = B>> Differentiable for Hidden<M> {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Ok(x[0].opaque(Opaque::with_vjp(|x| self.0.forward(&x[0]), |x| self.0.vjp(&x[0]))))
    }
}

/// Features: x itself squared, of any shape (B, K, spatial...); adaptation: score 0 is Σₖ wₖ · mean of channel k,
/// score 1 its negative. Grad-CAM of score 0 is relu(Σₖ wₖ / size · x²ₖ).
pub fn cam_model(weights: Vec<f64>) -> Split<impl Differentiable<Backend = B>, impl Differentiable<Backend = B>> {
    let again = weights.clone();
    let features = Function::<B, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    let adaptation = Function::<B, _, _>::new(
        move |a: &T| {
            let scores = a
                .outer_iter()
                .map(|s| s.outer_iter().zip(&weights).map(|(k, w)| w * k.sum() / k.len() as f64).sum::<f64>());
            let scores: Array1<f64> = scores.collect();
            ndarray::stack(Axis(1), &[scores.view(), (-&scores).view()]).unwrap().into_dyn()
        },
        move |a: &T, v: &T| {
            let mut da = a.to_owned();
            for (mut sample, v) in da.outer_iter_mut().zip(v.outer_iter()) {
                for (mut k, w) in sample.outer_iter_mut().zip(&again) {
                    let value = (v[[0]] - v[[1]]) * w / k.len() as f64;
                    k.fill(value);
                }
            }
            da
        },
    );
    Split::new(features, adaptation)
}
