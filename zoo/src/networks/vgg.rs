//! VGG without batch norm.

use ndarray::ArrayD;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use xai::nn::{Activation, AdaptiveAvgPool2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Sequential, Weights};
use xai::{Backend, Element, Result};

/// Simonyan, Zisserman (2014), *Very Deep Convolutional Networks for Large-Scale Image Recognition*, arXiv:1409.1556:
/// VGG-11's order of convolutions (C) and pools (M), whose widths are those of the weights.
const PLAN: &str = "CMCMCCMCCMCCM";

/// VGG-16's.
const PLAN_16: &str = "CCMCCMCCCMCCCMCCCM";

/// The small one's: three pools fewer.
const MINI_PLAN: &str = "CMCMCCM";

fn plan(convolutions: usize) -> &'static str {
    match convolutions {
        4 => MINI_PLAN,
        13 => PLAN_16,
        _ => PLAN,
    }
}

/// VGG-11, VGG-16 or the small one, as there are weights. The features are pooled to `size` × `size`.
pub(super) fn vgg<B: Backend>(weights: &Weights<B>, size: usize) -> Result<Sequential<B>> {
    let plan = plan(weights.at("features").names().filter(|name| name.ends_with(".weight")).count());
    let mut layers = Sequential::new();
    for step in plan.chars() {
        let name = format!("features.{}", layers.len());
        layers = if step == 'M' {
            layers.push_named(name, MaxPool2d::new(2))
        } else {
            let convolution = Conv2d::load(&weights.at(&name))?.padding(1);
            let layers = layers.push_named(name, convolution);
            let name = format!("features.{}", layers.len());
            layers.push_named(name, Activation::Relu)
        };
    }
    layers = layers.push_named("avgpool", AdaptiveAvgPool2d::new(size)).push_named("flatten", Flatten::default());
    for (number, last) in [(0, false), (3, false), (6, true)] {
        let name = format!("classifier.{number}");
        let linear = Linear::load(&weights.at(&name))?;
        layers = layers.push_named(name, linear);
        if !last {
            layers = layers
                .push_named(format!("classifier.{}", number + 1), Activation::Relu)
                .push_named(format!("classifier.{}", number + 2), Dropout::new(0.5));
        }
    }
    Ok(layers)
}

/// Weights for [`build`](super::build), the same numbers on every backend, drawn after He et al. (2015),
/// arXiv:1502.01852: 8 convolutions of these widths make a VGG-11, 13 a VGG-16. The features are pooled to 7 × 7.
///
/// # Errors
/// The backend's own.
pub fn seeded_vgg<B: Backend>(widths: &[usize], hidden: usize, classes: usize, seed: u64) -> Result<Weights<B>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut shapes, mut at, mut input) = (Vec::new(), 0, 3);
    let mut widths = widths.iter();
    for step in plan(widths.len()).chars() {
        if step == 'C'
            && let Some(&width) = widths.next()
        {
            shapes.push((format!("features.{at}"), vec![width, input, 3, 3]));
            (at, input) = (at + 2, width);
        } else {
            at += 1;
        }
    }
    for (at, inputs, outputs) in [(0, input * 49, hidden), (3, hidden, hidden), (6, hidden, classes)] {
        shapes.push((format!("classifier.{at}"), vec![outputs, inputs]));
    }
    let mut weights = Vec::new();
    for (name, shape) in shapes {
        let (outputs, inputs) = (shape[0], shape.iter().skip(1).product::<usize>());
        let mut draw = |shape: Vec<usize>, std: f64| {
            ArrayD::from_shape_simple_fn(shape, || {
                let normal: f64 = StandardNormal.sample(&mut rng);
                B::Elem::of(std * normal)
            })
        };
        #[allow(clippy::cast_precision_loss)] // layers have fewer inputs than 2⁵³
        weights.push((format!("{name}.weight"), draw(shape, (2.0 / inputs as f64).sqrt())));
        weights.push((format!("{name}.bias"), draw(vec![outputs], 0.1)));
    }
    Weights::new(weights, B::Placement::default())
}
