//! A model without any framework: plain ndarray arrays, forward pass and gradient by hand.
//!
//! `cargo run --example plain_ndarray --no-default-features`

use ndarray::{ArcArray, Array2, Ix2, IxDyn, array};
use xai::{Analyzer, Function, IntegratedGradients, MaxActivation, NdArray, Result, check_gradient};

/// scores = tanh(x · W₁) · W₂
struct Net {
    w1: Array2<f64>,
    w2: Array2<f64>,
}

type B = NdArray<f64>;
type T = ArcArray<f64, IxDyn>;

impl Net {
    /// The numbers after the first layer.
    fn hidden(&self, x: &T) -> Result<Array2<f64>> {
        Ok(matrix(x)?.dot(&self.w1).mapv(f64::tanh))
    }

    fn scores(&self, x: &T) -> Result<T> {
        Ok(self.hidden(x)?.dot(&self.w2).into_dyn().into_shared())
    }

    /// vᵀ · ∂scores/∂x
    fn pulled_back(&self, x: &T, v: &T) -> Result<T> {
        let at_hidden = matrix(v)?.dot(&self.w2.t()) * self.hidden(x)?.mapv(|h| 1.0 - h * h);
        Ok(at_hidden.dot(&self.w1.t()).into_dyn().into_shared())
    }
}

fn matrix(t: &T) -> Result<Array2<f64>> {
    t.to_owned().into_dimensionality::<Ix2>().map_err(|e| xai::Error::backend("ndarray", e))
}

fn main() -> Result<()> {
    let net = Net { w1: array![[0.5, -1.0], [1.5, 0.3], [-0.7, 0.8]], w2: array![[1.0, -0.5], [0.4, 0.9]] };
    let x = array![[1.0, -0.5, 2.0]];

    let model = Function::<B, _, _>::new(|x: &T| net.scores(x), |x: &T, v: &T| net.pulled_back(x, v));
    println!("check: {}", check_gradient(&model, &x)?);
    let why = IntegratedGradients::new().analyze(&model, &x, MaxActivation)?;
    println!("output {}, explained {:?}", why.output, why.selection.indices());
    println!("{}: {}", why.analyzer, why.values);
    println!("completeness gap: {:?}", why.extras.completeness_gap);
    Ok(())
}
