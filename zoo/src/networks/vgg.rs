//! Seeded weights of VGG.

use ndarray::ArrayD;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use xai::nn::Weights;
use xai::{Backend, Element, Result};
use xai_cli::networks::vgg_plan;

/// Weights for [`build`](super::build), the same numbers on every backend, drawn after He et al. (2015),
/// arXiv:1502.01852: 8 convolutions of these widths make a VGG-11, 13 a VGG-16. The features are pooled to 7 × 7.
///
/// # Errors
/// The backend's own.
pub fn seeded_vgg<B: Backend>(widths: &[usize], hidden: usize, classes: usize, seed: u64) -> Result<Weights<B>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut shapes, mut at, mut input) = (Vec::new(), 0, 3);
    let mut widths = widths.iter();
    for step in vgg_plan(widths.len()).chars() {
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
