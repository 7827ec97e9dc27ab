//! Small networks of these layers, explained: gradients, batches, and paths that are complete.

use ndarray::ArrayD;
use xai_core::nn::{
    Activation, AdaptiveAvgPool1d, AdaptiveAvgPool3d, BatchNorm2d, Conv1d, Conv3d, ConvPaddingNd, Flatten, Gru, Linear,
    LocalResponseNorm, Lstm, MaxPool1d, MaxPool3d, PRelu, Sequential, Weights,
};
use xai_core::{Differentiable, Layer, Result, Var};

use crate::forward_code::checks::{
    a_batch_equals_its_samples, a_place_is_that_of_differences, gaps_of_secants, gradient_is_that_of_differences,
};
use crate::models::B;
use crate::models::differences::{linear, noise, tensor, weight};

/// Every sample's sum of attributions is f(x) - f(x₀), whatever the number of points.
#[track_caller]
fn secants_are_complete(model: &impl Differentiable<Backend = B>, x: &ArrayD<f64>) {
    for n in [2, 3, 7] {
        for (gap, change) in gaps_of_secants(model, x, n) {
            assert!(gap < 1e-11 && change > 1e-3, "{n} points: {gap} of {change}");
        }
    }
}

/// The last step's state of a recurrent layer, and classes of it.
struct Classifier<R> {
    recurrent: R,
    classes: Linear<B>,
}

impl<R: Layer<B>> Differentiable for Classifier<R> {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let states = x[0].layer("recurrent", &self.recurrent)?;
        let last = states.shape()?[1] - 1;
        states.narrow(1, last, 1).flatten(1, -1).layer("classes", &self.classes)
    }
}

fn weights(gates: usize) -> Weights<B> {
    let mut all = Vec::new();
    for (layer, inputs) in [(0, 3), (1, 8)] {
        for end in ["", "_reverse"] {
            let mut add = |name: &str, shape: &[usize]| {
                all.push((format!("{name}_l{layer}{end}"), noise(all.len() as u64 + 1, shape)));
            };
            add("weight_ih", &[gates * 4, inputs]);
            add("weight_hh", &[gates * 4, 4]);
            add("bias_ih", &[gates * 4]);
            add("bias_hh", &[gates * 4]);
        }
    }
    Weights::new(all, ()).unwrap()
}

#[test]
fn sequences_through_recurrent_layers() {
    let lstm = Classifier { recurrent: Lstm::load(&weights(4)).unwrap(), classes: linear(50, 3, 8) };
    let gru = Classifier { recurrent: Gru::load(&weights(3)).unwrap(), classes: linear(50, 3, 8) };
    let x = noise(60, &[3, 5, 3]);
    gradient_is_that_of_differences(&lstm, &x);
    gradient_is_that_of_differences(&gru, &x);
    a_batch_equals_its_samples(&lstm, &x, "recurrent.l0");
    a_batch_equals_its_samples(&gru, &x, "recurrent.l0");
    secants_are_complete(&lstm, &x);
    secants_are_complete(&gru, &x);
    a_place_is_that_of_differences(&lstm, &x, "recurrent.l0");
    a_place_is_that_of_differences(&gru, &x, "recurrent");
}

fn norm(seed: u64, channels: usize) -> BatchNorm2d<B> {
    BatchNorm2d::new(tensor(&noise(seed, &[channels]).mapv(|v| 1.0 + 0.3 * v)), tensor(&noise(seed + 1, &[channels])))
        .unwrap()
}

fn sequences() -> Sequential<B> {
    // With a bias: where all that it sees is zero, PReLU would be at its kink.
    let causal = Conv1d::new(weight(4, &[4, 3, 2]), tensor(&noise(7, &[4]))).unwrap();
    Sequential::new()
        .push_named("stem", Conv1d::new(weight(1, &[6, 2, 3]), None).unwrap().padding(ConvPaddingNd::Same))
        .push(norm(2, 6))
        .push(Activation::Relu)
        .push_named("pool", MaxPool1d::new(3).stride(2).padding(1))
        .push(LocalResponseNorm::new(3).alpha(0.5))
        .push_named("causal", causal.groups(2).dilation(2).padding((2, 0)))
        .push(PRelu::new(tensor(&noise(5, &[4]))).unwrap())
        .push(AdaptiveAvgPool1d::new(2))
        .push(Flatten::default())
        .push(linear(6, 3, 8))
}

fn volumes() -> Sequential<B> {
    Sequential::new()
        .push_named("stem", Conv3d::new(weight(1, &[4, 1, 3, 3, 3]), None).unwrap().padding(1))
        .push(norm(2, 4))
        .push(Activation::Relu)
        .push_named("pool", MaxPool3d::new(2).padding([(0, 1), (1, 0), (0, 0)]))
        .push_named("deep", Conv3d::new(weight(4, &[4, 2, 2, 1, 2]), None).unwrap().groups(2))
        .push(PRelu::new(tensor(&noise(5, &[1]))).unwrap())
        .push(AdaptiveAvgPool3d::global())
        .push(Flatten::default())
        .push(linear(6, 3, 4))
}

#[test]
fn sequences_through_convolutions() {
    let (model, x) = (sequences(), noise(61, &[3, 2, 9]));
    gradient_is_that_of_differences(&model, &x);
    a_batch_equals_its_samples(&model, &x, "causal");
    secants_are_complete(&model, &x);
    for place in ["stem", "pool", "causal"] {
        a_place_is_that_of_differences(&model, &x, place);
    }
}

#[test]
fn volumes_through_convolutions() {
    let (model, x) = (volumes(), noise(62, &[2, 1, 3, 4, 4]));
    gradient_is_that_of_differences(&model, &x);
    a_batch_equals_its_samples(&model, &x, "deep");
    secants_are_complete(&model, &x);
    for place in ["stem", "pool", "deep"] {
        a_place_is_that_of_differences(&model, &x, place);
    }
}
