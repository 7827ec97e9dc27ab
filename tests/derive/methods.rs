//! Two methods of the struct, differentiated by the backend.

use ndarray::{Axis, array};
use xai::{
    Analyzer, Autograd, Backend, Differentiable, Explainable, GradCam, Gradient, Layer, LayerSplit, MaxActivation,
    Result, Tensor,
};

use crate::layers::{Mix, SumPixels, image};
use crate::probe::{Card, Numbers, Place, Probe};

/// A = 9x² + x (a skip connection), y = Σₖ wₖ Σ Aₖ
#[derive(Explainable)]
#[explainable(backend = Probe, features = "Self::backbone", adaptation = Self::head, placement = "Self::place")]
struct Net {
    scale: f64,
    weights: Vec<f64>,
}

impl Net {
    fn backbone(&self, x: &Numbers) -> Numbers {
        let scaled = x.array.mapv(|v| self.scale * v);
        Numbers { array: (&scaled * &scaled + &x.array).into_shared(), place: x.place }
    }
    fn head(&self, maps: &Numbers) -> std::result::Result<Numbers, String> {
        if maps.array.ndim() != 4 {
            return Err(format!("{} axes", maps.array.ndim()));
        }
        let sums = maps.array.sum_axis(Axis(3)).sum_axis(Axis(2));
        let weights = ndarray::ArrayView1::from(&self.weights);
        let y = (&sums * &weights).sum_axis(Axis(1)).insert_axis(Axis(1));
        Ok(Numbers { array: y.into_shared(), place: maps.place })
    }
    fn place(&self) -> Card {
        Card(3)
    }
}

fn net() -> Net {
    Net { scale: 3.0, weights: vec![1.0, -2.0] }
}

#[test]
fn gradient_is_exact() {
    // ∂y/∂x = wₖ (18x + 1)
    let why = Gradient.analyze(&net(), &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[19.0, 37.0]], [[-110.0, 34.0]]]]);
    assert_eq!(why.output, array![[48.0 - 2.0 * 92.0]].into_dyn());
}

#[test]
fn grad_cam_is_exact() {
    // A₀ = (10, 38), A₁ = (84, 8)
    let why = GradCam.analyze(&net(), &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[0.0, 22.0]]]]);
}

#[test]
fn an_error_names_the_method_and_keeps_what_it_said() {
    let flat = Tensor::upload(array![[1.0, 2.0]].into_dyn().view(), &Place(0)).unwrap();
    for error in [Differentiable::forward(&net(), &flat).unwrap_err(), Differentiable::vjp(&net(), &flat).unwrap_err()]
    {
        assert_eq!(error.to_string(), "in layer `head`: probe: 2 axes");
    }
}

#[test]
fn the_named_place_is_that_of_the_whole_and_of_both_parts() {
    let net = net();
    assert_eq!(Differentiable::placement(&net), Place(3));
    assert_eq!(net.features().placement(), Place(3));
    assert_eq!(net.adaptation().placement(), Place(3));
    assert_eq!(Layer::placement(&net), Some(Place(3)));
}

/// Generic over the framework, and a field of another model.
#[derive(Explainable)]
#[explainable(backend = B, features = Self::twice, adaptation = "<Self as Backward<B>>::squared")]
struct Generic<B: Autograd> {
    marker: std::marker::PhantomData<B>,
}

impl<B: Autograd> Generic<B> {
    fn twice(&self, x: &B::Tensor) -> Result<B::Tensor> {
        B::affine(x, 2.0, 0.0)
    }
}

trait Backward<B: Backend> {
    fn squared(&self, x: &B::Tensor) -> Result<B::Tensor>;
}

impl<B: Autograd> Backward<B> for Generic<B> {
    fn squared(&self, x: &B::Tensor) -> Result<B::Tensor> {
        B::mul(x, x)
    }
}

#[derive(Explainable)]
#[explainable(backend = Probe)]
struct Outer<F> {
    #[explainable(features)]
    stem: F,
    #[explainable(features)]
    block: Generic<Probe>,
    #[explainable(features, with = closure)]
    scale: f64,
    #[explainable(adaptation)]
    pool: SumPixels,
    #[explainable(adaptation)]
    head: Mix,
}

/// A closure that borrows from the field.
fn closure(scale: &f64) -> impl Fn(&Numbers) -> Result<Numbers> + '_ {
    |x| Probe::affine(x, *scale, 0.0)
}

#[test]
fn closures_methods_and_layers_mix() {
    let block = Generic { marker: std::marker::PhantomData };
    let stem = |x: &Numbers| Probe::affine(x, 3.0, 0.0);
    let net = Outer { stem, block, scale: 0.5, pool: SumPixels, head: Mix(vec![1.0, -2.0]) };
    // A = 0.5 · (2·3x)² = 18 x²
    let why = Gradient.analyze(&net, &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[36.0, 72.0]], [[-216.0, 72.0]]]]);
    let why = GradCam.analyze(&net, &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[0.0, 36.0]]]]);
}
