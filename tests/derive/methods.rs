//! Two methods of the struct, differentiated by the backend.

use ndarray::{Axis, array};
use xai::{
    Analyzer, Arithmetic, Autograd, Backend, Differentiable, Explainable, GradCam, Gradient, IntegratedGradients,
    MaxActivation, NdArray, Quadrature, Result, Tensor, Var,
};

use crate::layers::{Mix, Scale, SumPixels, image, mixed};
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
fn the_named_place_is_that_of_the_model_alone_and_inside_of_another() {
    let net = net();
    assert_eq!(net.placement(), Some(Place(3)));
    let graph = Differentiable::graph(&net, &[vec![1, 2, 1, 2]]).unwrap();
    assert_eq!(graph.placement(), Some(Place(3)));
}

/// The same, as forward code on values: it can be looked into, and needs no framework that differentiates.
#[derive(Explainable)]
#[explainable(backend = NdArray<f64>, features = "Self::backbone", adaptation = Self::head)]
struct Visible {
    scale: Scale,
    weights: Vec<f64>,
}

impl Visible {
    fn backbone<'m>(&'m self, x: Var<'m, NdArray<f64>>) -> Result<Var<'m, NdArray<f64>>> {
        let scaled = x.layer("scale", &self.scale)?;
        Ok(&scaled * &scaled + x)
    }
    fn head<'m>(&'m self, maps: Var<'m, NdArray<f64>>) -> Result<Var<'m, NdArray<f64>>> {
        mixed(&self.weights, &maps.layer("pool", &SumPixels)?)
    }
}

#[test]
fn methods_on_values_give_the_same_and_can_be_looked_into() {
    let net = Visible { scale: Scale(3.0), weights: vec![1.0, -2.0] };
    let why = Gradient.analyze(&net, &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[19.0, 37.0]], [[-110.0, 34.0]]]]);
    let why = GradCam.analyze(&net, &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[0.0, 22.0]]]]);
    let names: Vec<String> = net.places(&[vec![1, 2, 1, 2]]).unwrap().into_iter().map(|place| place.name).collect();
    assert_eq!(names, ["backbone.scale", "backbone", "head.pool", "head"]);
    let secants = IntegratedGradients::new().n(2).quadrature(Quadrature::Secant);
    let gap = secants.analyze(&net, &image(), MaxActivation).unwrap().extras.completeness_gap.unwrap()[0];
    assert!(gap.abs() < 1e-10, "a product of two values has its mean Jacobian: {gap}");
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

/// Forward code on the framework's tensors.
fn closure(scale: &f64, x: &Numbers) -> Result<Numbers> {
    Probe::affine(x, *scale, 0.0)
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
