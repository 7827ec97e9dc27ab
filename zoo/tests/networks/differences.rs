//! Gradients against central finite differences.

use ndarray::{Array4, Axis};
use xai::{Analyzer, Differentiable, Gradient, Index, NdArray};

use crate::{build, images};

/// So far that rounding is small, and so near that few relus change their side.
const STEP: f64 = 1e-6;

const DIRECTIONS: u64 = 3;

/// Numbers in -1..1 that look random.
fn direction(seed: u64, like: &Array4<f64>) -> Array4<f64> {
    let mut state = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Array4::from_shape_simple_fn(like.dim(), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    })
}

fn the_gradient_is_that_of_differences(name: &str) {
    let network = build::<NdArray<f64>>(name, || ());
    let x = images::<f64>();
    let x = x.index_axis(Axis(0), 0).to_owned().insert_axis(Axis(0));
    let logit = 7;
    let gradient = Gradient.analyze(&network, &x, Index(logit)).unwrap().values;
    let at = |x: &Array4<f64>| network.predict(x.view().into_dyn()).unwrap()[[0, logit]];
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    for seed in 0..DIRECTIONS {
        let d = direction(seed, &x);
        let slope = (&gradient * &d).sum();
        let expected = (at(&(&x + &(&d * STEP))) - at(&(&x - &(&d * STEP)))) / (2.0 * STEP);
        let length = d.iter().map(|d| d * d).sum::<f64>().sqrt();
        // Of what the slope could be in another direction of this length.
        let error = (slope - expected).abs() / (norm * length);
        println!("{name}, direction {seed}: {slope:.9}, by differences {expected:.9}, error {error:.1e}");
        assert!(norm > 0.0 && slope.abs() > 1e-4 * norm * length, "{name}: nothing to compare");
        assert!(error < 1e-7, "{name}, direction {seed}: {slope} instead of {expected}");
    }
}

#[test]
fn efficientnet_lite0() {
    the_gradient_is_that_of_differences("efficientnet-lite0");
}

#[test]
fn resnet18() {
    the_gradient_is_that_of_differences("resnet18");
}

#[test]
fn vgg16() {
    the_gradient_is_that_of_differences("vgg16");
}
