//! A model without any framework: plain ndarray arrays, forward pass and gradient by hand.
//!
//! `cargo run --example plain_ndarray --no-default-features`

use ndarray::{ArcArray, Array2, Ix2, IxDyn, array};
use xai::{
    Analyzer, Backend, Differentiable, IntegratedGradients, MaxActivation, NdArray, Pullback, Result, Tensor,
    check_gradient,
};

/// scores = tanh(x · W₁) · W₂
struct Net {
    w1: Array2<f64>,
    w2: Array2<f64>,
}

type B = NdArray<f64>;

fn matrix(t: &Tensor<B>) -> Result<Array2<f64>> {
    let array: &ArcArray<f64, IxDyn> = t.inner();
    array.to_owned().into_dimensionality::<Ix2>().map_err(|e| xai::Error::backend(B::NAME, e))
}

impl Differentiable for Net {
    type Backend = B;

    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        let hidden = matrix(x)?.dot(&self.w1).mapv(f64::tanh);
        Ok(Tensor::new(hidden.dot(&self.w2).into_dyn().into_shared()))
    }

    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        let hidden = matrix(x)?.dot(&self.w1).mapv(f64::tanh);
        let y = Tensor::new(hidden.dot(&self.w2).into_dyn().into_shared());
        let pullback = Pullback::new(move |v| {
            let at_hidden = matrix(v)?.dot(&self.w2.t()) * hidden.mapv(|h| 1.0 - h * h);
            Ok(Tensor::new(at_hidden.dot(&self.w1.t()).into_dyn().into_shared()))
        });
        Ok((y, pullback))
    }
}

fn main() -> Result<()> {
    let net = Net { w1: array![[0.5, -1.0], [1.5, 0.3], [-0.7, 0.8]], w2: array![[1.0, -0.5], [0.4, 0.9]] };
    let x = array![[1.0, -0.5, 2.0]];

    println!("check: {}", check_gradient(&net, &x)?);
    let why = IntegratedGradients::new().analyze(&net, &x, MaxActivation)?;
    println!("output {}, explained {:?}", why.output, why.selection.indices());
    println!("{}: {}", why.analyzer, why.values);
    println!("completeness gap: {:?}", why.extras.completeness_gap);
    Ok(())
}
