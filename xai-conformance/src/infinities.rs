//! What is infinite inside of a network whose output is finite, as what a mask hides.

use ndarray::ArrayD;
use xai_core::nn::{Activation, MaxPool2d, bounded};
use xai_core::{Backend, Element, Tensor};

use crate::layers::{Truth, in_words};
use crate::{Failure, Outcome, Suite, values};

/// Slopes of secants and stabilised quotients are at their limits.
pub fn slopes_and_quotients<B: Backend>(suite: &Suite<B>) -> Outcome {
    let places = [f64::NEG_INFINITY, -2.0, 0.0, 1.5, f64::INFINITY];
    let pairs = || places.iter().flat_map(|&a| places.iter().map(move |&b| (a, b)));
    let [a, b] = [pairs().map(|(a, _)| a).collect::<Vec<_>>(), pairs().map(|(_, b)| b).collect()];
    let row = |numbers: Vec<f64>| ndarray::Array1::from(numbers).into_dyn();
    let (from, to) = (suite.tensor(&row(a.clone()))?, suite.tensor(&row(b.clone()))?);
    let ones = suite.tensor(&row(vec![1.0; a.len()]))?;
    let rectifiers = [Activation::Relu, Activation::Relu6, Activation::LeakyRelu { slope: 0.1 }, Activation::Sign];
    let curves = [Activation::Sigmoid, Activation::Tanh, Activation::Softplus, Activation::Silu, Activation::Gelu];
    for f in rectifiers.into_iter().chain(curves).chain([Activation::HardSwish, Activation::Elu { alpha: 0.7 }]) {
        let pulled = B::secant_pull(f, from.inner(), to.inner(), ones.inner()).map_err(in_words("a secant"))?;
        let expected = row(pairs().map(|(a, b)| f.mean_slope(a, b)).collect());
        suite.looser(10.0).same(
            &format!("secants of {f:?} between infinite numbers"),
            &Tensor::new(pulled),
            &expected,
        )?;
    }
    let stable = |b: f64| if b < 0.0 { b - 0.25 } else { b + 0.25 };
    let expected = row(pairs().map(|(a, b)| bounded(a) / stable(bounded(b))).collect());
    // Of what is infinite by what is not, there is no limit.
    let has_limit = row(pairs().map(|(a, b)| f64::from(u8::from(a.is_finite() || b.is_infinite()))).collect());
    let pulled = B::ratio_pull(ones.inner(), from.inner(), to.inner(), 0.25).map_err(in_words("a quotient"))?;
    let pulled = Tensor::<B>::new(pulled).download()?.mapv(Element::as_f64);
    let chosen =
        |t: &ArrayD<f64>| ndarray::Zip::from(t).and(&has_limit).map_collect(|&t, &has| if has > 0.0 { t } else { 0.0 });
    suite.close("quotients, of infinite numbers too", &chosen(&pulled), &chosen(&expected))
}

/// Max pooling along paths, of windows that see -∞ at one end, at both, and alone.
pub fn windows<B: Backend>(suite: &Suite<B>) -> Outcome {
    let mut x = values(&[4, 2, 5, 4], 130);
    let count = x.len();
    x.iter_mut().enumerate().for_each(|(i, n)| *n = if i % 3 == 0 || i * 2 > count { f64::NEG_INFINITY } else { *n });
    x.iter_mut().skip(count - 7).for_each(|n| *n = 0.5);
    let pool = MaxPool2d::new([2, 2]).stride(1);
    let (y, expected) = Truth::max_pool_segments(&pool, &Tensor::new(x.clone().into_shared()), 2)?;
    let (_, got) = B::max_pool_segments(&pool, &suite.tensor(&x)?, 2)?;
    // Behind a maximum of -∞ nothing comes back where the output is finite.
    let mut v = values(&y.shape(), 131);
    v.zip_mut_with(&y.download()?, |v, y| *v = if y.is_finite() { *v } else { 0.0 });
    let expected = expected.pull(&Tensor::new(v.clone().into_shared()))?.download()?;
    if expected.iter().any(|n| !n.is_finite()) {
        return Err(Failure::new("a share of a window is not finite"));
    }
    suite.same("max pooling over infinite numbers", &got.pull(&suite.tensor(&v)?)?, &expected)
}
