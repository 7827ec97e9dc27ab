//! A batch gives what its samples give one by one, in any chunks.

use ndarray::{ArrayD, Axis, concatenate};
use xai::{Analyzer, BoxModel, GradCam, Gradient, IntegratedGradients, NoiseAugmentation, Quadrature, SmoothGrad};

use crate::cases::{Truth, build, distance, explain, inputs, place, rows};

type Model = BoxModel<'static, Truth>;

fn analyzers(place: &str, chunk: usize) -> Vec<Box<dyn Analyzer<Model>>> {
    let path = |rule| IntegratedGradients::new().n(4).quadrature(rule).chunk(chunk);
    vec![
        Box::new(Gradient),
        Box::new(SmoothGrad::new().n(5).std(0.2).chunk(chunk)),
        Box::new(path(Quadrature::EndpointMean)),
        Box::new(path(Quadrature::Secant)),
        Box::new(NoiseAugmentation::new(path(Quadrature::Secant), 2).std(0.1).chunk(chunk)),
        Box::new(GradCam::at(place).channels_first()),
        Box::new(NoiseAugmentation::new(GradCam::at(place).channels_first(), 3).std(0.1).chunk(chunk)),
    ]
}

fn a_batch_equals_its_samples(name: &str) {
    let (model, inputs) = (build::<Truth>(name, || ()), inputs(name, 3));
    for which in 0..analyzers(place(name), 1).len() {
        let alone: Vec<ArrayD<f64>> = (0..3)
            .map(|i| explain(name, &model, &analyzers(place(name), 8)[which], &rows(&inputs, &[i])).values)
            .collect();
        let alone = concatenate(Axis(0), &alone.iter().map(|values| values.view()).collect::<Vec<_>>()).unwrap();
        for chunk in [1, 2, 5, 64] {
            let analyzer = &analyzers(place(name), chunk)[which];
            let distance = distance(&explain(name, &model, analyzer, &inputs).values, &alone);
            assert!(distance < 1e-12, "{name}, {} in chunks of {chunk}: {distance:e}", analyzer.name());
        }
    }
}

#[test]
fn vit() {
    a_batch_equals_its_samples("vit");
}

/// With each sample's own ids and mask.
#[test]
fn bert() {
    a_batch_equals_its_samples("bert");
}

#[test]
fn unet() {
    a_batch_equals_its_samples("unet");
}
