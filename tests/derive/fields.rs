//! Marked fields: their order, the two parts, analyzers, names in errors, adapters.

use ndarray::{Array4, array};
use xai::{
    Analyzer, AtLayer, Backend, Differentiable, Explainable, GradCam, Gradient, LayerSplit, MaxActivation, NdArray,
    Result, Tensor, Var,
};

use crate::layers::{Mix, Scale, Square, SumPixels, image, mixed};

/// Not a layer.
#[derive(Debug, PartialEq)]
struct Labels;

/// A = 9x², y = Σₖ wₖ Σ Aₖ
#[derive(Debug, Explainable)]
#[explainable(backend = NdArray<f64>)]
struct Net {
    #[explainable(features)]
    stem: Scale,
    labels: Labels,
    #[explainable(features)]
    act: Square,
    #[explainable(skip)]
    notes: Labels,
    #[explainable(adaptation)]
    pool: SumPixels,
    #[explainable(adaptation)]
    head: Mix,
}

fn net() -> Net {
    Net { stem: Scale(3.0), labels: Labels, act: Square, notes: Labels, pool: SumPixels, head: Mix(vec![1.0, -2.0]) }
}

fn tensor<B: Backend<Elem = f64>>(values: Array4<f64>) -> Tensor<B> {
    Tensor::upload(values.into_dyn().view(), &Default::default()).unwrap()
}

#[test]
fn layers_run_in_the_order_of_the_fields() {
    let net = net();
    assert_eq!(net.labels, net.notes);
    let y = Differentiable::forward(&net, &tensor(image())).unwrap().download().unwrap();
    // 9·(1 + 4) - 2·9·(9 + 1): squaring first would give 3·(..) instead of 9·(..)
    assert_eq!(y, array![[-135.0]].into_dyn());
}

#[test]
fn the_parts_are_features_and_adaptation() {
    let net = net();
    assert_eq!(net.split_at(), "act");
    let graph = net.graph(&[vec![1, 2, 1, 2]]).unwrap();
    let names: Vec<String> = graph.places().into_iter().map(|place| place.name).collect();
    assert_eq!(names, ["stem", "act", "pool", "head"]);
    let (features, adaptation) = graph.split(graph.place(net.split_at()).unwrap()).unwrap();
    let maps = features.forward(&[tensor(image())]).unwrap();
    assert_eq!(maps.download().unwrap(), image().mapv(|x| 9.0 * x * x).into_dyn());
    let y = adaptation.forward(&[maps]).unwrap();
    assert_eq!(y.download().unwrap(), array![[-135.0]].into_dyn());
}

#[test]
fn a_pullback_is_linear_and_may_be_used_again() {
    let net = net();
    let (y, pull) = Differentiable::vjp(&net, &tensor(image())).unwrap();
    for factor in [1.0, -2.0, 0.5] {
        let v = y.affine(0.0, factor).unwrap();
        assert_eq!(pull.pull(&v).unwrap().download().unwrap(), (gradient() * factor).into_dyn());
    }
}

/// ∂y/∂x = wₖ · 18 x
fn gradient() -> Array4<f64> {
    array![[[[18.0, 36.0]], [[-108.0, 36.0]]]]
}

#[test]
fn gradient_is_exact() {
    let why = Gradient.analyze(&net(), &image(), MaxActivation).unwrap();
    assert_eq!(why.values, gradient());
    assert_eq!(why.output, array![[-135.0]].into_dyn());
}

#[test]
fn gradient_of_a_part_is_exact() {
    let why = AtLayer::new(Gradient, net().split_at()).analyze(&net(), &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[1.0, 1.0]], [[-2.0, -2.0]]]]);
}

#[test]
fn grad_cam_is_exact() {
    // αₖ = wₖ, so relu(A₀ - 2 A₁) with A₀ = (9, 36) and A₁ = (81, 9)
    let why = GradCam.analyze(&net(), &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[0.0, 18.0]]]]);
}

#[test]
fn an_error_names_the_field() {
    let flat = tensor::<NdArray<f64>>(image()).reshape(&[1, 2, 2]).unwrap();
    let net = net();
    let whole = Differentiable::forward(&net, &flat).unwrap_err().to_string();
    assert!(whole.starts_with("in layer `pool`: image of shape [1, 2, 2]"), "{whole}");
    let part = net.vjp(&flat).unwrap_err().to_string();
    assert!(part.starts_with("in layer `pool`: "), "{part}");
}

/// The same network as a tuple.
#[derive(Explainable)]
#[explainable(backend = "NdArray<f64>", crate = "xai_core")]
struct Tuple(
    #[explainable(features)] Scale,
    #[explainable(features)] Square,
    #[allow(dead_code)] Labels,
    #[explainable(adaptation)] SumPixels,
    #[explainable(adaptation)] Mix,
);

#[test]
fn a_tuple_struct_works_and_its_layers_are_numbered() {
    let net = Tuple(Scale(3.0), Square, Labels, SumPixels, Mix(vec![1.0, -2.0]));
    assert_eq!(Gradient.analyze(&net, &image(), MaxActivation).unwrap().values, gradient());
    let flat = tensor::<NdArray<f64>>(image()).reshape(&[1, 2, 2]).unwrap();
    let error = Differentiable::vjp(&net, &flat).unwrap_err().to_string();
    assert!(error.starts_with("in layer `3`: "), "{error}");
}

mod reexport {
    pub(super) mod inner {
        pub(crate) use xai::*;
    }
}

/// Found at another path, on the default backend, with raw identifiers.
#[derive(Explainable)]
#[explainable(crate = crate::fields::reexport::inner)]
struct Elsewhere {
    #[explainable(features)]
    r#in: Scale,
    #[explainable(adaptation)]
    r#type: SumPixels,
}

#[test]
fn the_library_may_be_elsewhere_and_the_backend_default() {
    fn runs_on<B>(_: &impl Differentiable<Backend = B>) -> &'static str
    where
        B: Backend,
    {
        std::any::type_name::<B>()
    }
    let net = Elsewhere { r#in: Scale(2.0), r#type: SumPixels };
    assert_eq!(runs_on(&net), std::any::type_name::<xai::DefaultBackend>());
    let flat = Tensor::<xai::DefaultBackend>::upload(ndarray::ArrayD::zeros(vec![1, 2]).view(), &Default::default());
    let error = Differentiable::forward(&net, &flat.unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("in layer `type`: "), "{error}");
}

/// A number is no layer; `scaling` is its forward code. The pool is borrowed.
#[derive(Explainable)]
#[explainable(backend = NdArray<f64>)]
struct Adapted<'a> {
    #[explainable(features, with = scaling)]
    factor: f64,
    #[explainable(features, with = "Adapted::squaring")]
    act: Labels,
    #[explainable(adaptation)]
    pool: &'a SumPixels,
    #[explainable(with = mixing, adaptation)]
    head: Vec<f64>,
}

fn scaling<'m, B: Backend>(factor: &'m f64, x: Var<'m, B>) -> Result<Var<'m, B>> {
    Ok(x * *factor)
}

impl Adapted<'_> {
    fn squaring<'m, B: Backend>(_: &'m Labels, x: Var<'m, B>) -> Result<Var<'m, B>> {
        x.layer("inner", &Square)
    }
}

#[allow(clippy::ptr_arg)] // it gets the field as it is
fn mixing<'m, B: Backend>(weights: &'m Vec<f64>, x: Var<'m, B>) -> Result<Var<'m, B>> {
    mixed(weights, &x)
}

#[test]
fn adapted_fields_give_the_same() {
    let pool = SumPixels;
    let net = Adapted { factor: 3.0, act: Labels, pool: &pool, head: vec![1.0, -2.0] };
    assert_eq!(Gradient.analyze(&net, &image(), MaxActivation).unwrap().values, gradient());
    assert_eq!(GradCam.analyze(&net, &image(), MaxActivation).unwrap().values, array![[[[0.0, 18.0]]]]);
    let graph = net.graph(&[vec![1, 2, 1, 2]]).unwrap();
    let (features, _) = graph.split(graph.place("act").unwrap()).unwrap();
    let (_, pull) = features.vjp(&[tensor(image())], &[true], None).unwrap();
    let dx = pull.pull(&tensor(image())).unwrap();
    assert_eq!(dx.download().unwrap(), image().mapv(|x| 18.0 * x * x).into_dyn());
    // What the forward code of a field names is a place inside of the field's.
    assert!(graph.place("act.inner").is_ok());
}
