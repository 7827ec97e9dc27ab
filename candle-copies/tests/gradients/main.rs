//! Model files of candle-transformers with one line more: their gradients can be trusted.

#![allow(clippy::unwrap_used, missing_docs)] // a test fails by panicking

mod images;
mod sentences;
mod weights;

use candle_core::{Result, Tensor};
use ndarray::{Array, Dimension};
use xai_candle::Candle;
use xai_core::{check_gradient, Analyzer, Gradient, Net, SumOfOutputs};

/// The model's gradient, which has to be found where candle_nn's own layers would cut it.
fn hold<D: Dimension>(name: &str, net: impl Fn(&Tensor) -> Result<Tensor>, x: &Array<f32, D>) {
    let net = Net::<Candle, _>::new(net);
    let report = check_gradient(&net, x).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(report.is_trusted(), "{name}: {report}");
    let why = Gradient.analyze(&net, x, SumOfOutputs).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(why.values.iter().any(|value| *value != 0.0), "{name}");
}
