//! Weights drawn from a seed.

use ndarray::ArrayD;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};
use xai::nn::Weights;
use xai::{Backend, Element, Result};

/// Names and shapes of a network's tensors, in the order in which they are drawn.
pub(crate) type Tensors = Vec<(String, Vec<usize>)>;

/// A layer's weight, and a bias with a number for each of its outputs.
pub(crate) fn layer(tensors: &mut Tensors, name: &str, weight: &[usize]) {
    tensors.push((format!("{name}.weight"), weight.to_vec()));
    tensors.push((format!("{name}.bias"), weight[..1].to_vec()));
}

/// Random weights, the same numbers on every backend: matrices and convolutions after He et al. (2015),
/// arXiv:1502.01852, and norms that are not the identity.
///
/// # Errors
/// The backend's own.
pub(crate) fn drawn<B: Backend>(tensors: Tensors, seed: u64) -> Result<Weights<B>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let drawn = tensors.into_iter().map(|(name, shape)| {
        let inputs: usize = shape.iter().skip(1).product();
        let array = ArrayD::from_shape_simple_fn(shape, || {
            let normal: f64 = StandardNormal.sample(&mut rng);
            let uniform: f64 = StandardUniform.sample(&mut rng);
            B::Elem::of(match name.rsplit('.').next() {
                #[allow(clippy::cast_precision_loss)] // layers have fewer inputs than 2⁵³
                Some("weight") if inputs > 1 => normal * (2.0 / inputs as f64).sqrt(),
                Some("weight" | "running_var") => 0.5 + uniform,
                _ => 0.1 * normal,
            })
        });
        (name, array)
    });
    Weights::new(drawn.collect::<Vec<_>>(), B::Placement::default())
}
