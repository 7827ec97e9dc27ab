//! Secants go through a derived model as through a chain of layers: whatever owns a layer, or borrows it.

use std::sync::Arc;

use ndarray::{Array2, ArrayD, IxDyn, array};
use xai::nn::{Activation, Linear, Sequential};
use xai::{
    Analyzer, Differentiable, Explainable, Index, IntegratedGradients, Layer, NdArray, Quadrature, Result, Tensor, Var,
};

type B = NdArray<f64>;

/// No layer: `rectified` is its forward code.
#[derive(Debug, Clone, Copy)]
struct Rectifier;

fn rectified<'m>(_: &'m Rectifier, x: Var<'m, B>) -> Result<Var<'m, B>> {
    Ok(x.relu())
}

/// relu(W₁ x + b₁)
#[derive(Debug, Clone, Explainable)]
#[explainable(backend = B)]
struct Inner {
    #[explainable(layer)]
    linear: Linear<B>,
    #[explainable(layer, with = rectified)]
    relu: Rectifier,
}

/// W₃ relu(W₂ inner + b₂) + b₃, of parts that it owns
#[derive(Explainable)]
#[explainable(backend = B)]
struct Outer<I> {
    #[explainable(layer)]
    inner: I,
    #[explainable(layer)]
    hidden: Linear<B>,
    #[explainable(layer, with = rectified)]
    relu: Rectifier,
    #[explainable(layer)]
    last: Linear<B>,
}

/// The same, of parts that it borrows.
#[derive(Explainable)]
#[explainable(backend = B)]
struct Borrowing<'a> {
    #[explainable(layer)]
    inner: &'a Inner,
    #[explainable(layer)]
    hidden: &'a Linear<B>,
    #[explainable(layer, with = rectified)]
    relu: Rectifier,
    #[explainable(layer)]
    last: &'a Linear<B>,
}

fn linear(weight: Array2<f64>, bias: &[f64]) -> Linear<B> {
    let tensor = |a: ArrayD<f64>| Tensor::new(a.into_shared());
    Linear::new(tensor(weight.into_dyn()), tensor(ArrayD::from_shape_vec(IxDyn(&[bias.len()]), bias.to_vec()).unwrap()))
        .unwrap()
}

/// Both weights have both signs, so that relus have their kinks all along the path.
fn layers() -> [Linear<B>; 3] {
    [
        linear(array![[1.0, -2.0, 0.5], [-1.5, 0.5, 1.0], [0.5, 1.0, -1.0], [2.0, 0.5, 0.5]], &[-0.3, 0.8, 0.4, -2.0]),
        linear(array![[1.0, -1.0, 2.0, -0.5], [-2.0, 1.5, 0.5, 1.0], [0.5, 0.5, -1.0, 1.0]], &[0.6, 0.2, -0.7]),
        linear(array![[1.0, -2.0, 1.5], [0.5, 1.0, -1.0]], &[0.1, 0.2]),
    ]
}

fn outer<I>(inner: I) -> Outer<I> {
    let [_, hidden, last] = layers();
    Outer { inner, hidden, relu: Rectifier, last }
}

fn input() -> Array2<f64> {
    array![[1.0, -2.0, 0.5], [-3.0, 1.0, 2.0], [2.0, 1.5, -1.0]]
}

/// The values and gaps of a path from zeros.
fn run(model: &impl Differentiable<Backend = B>, n: usize, rule: Quadrature) -> (Array2<f64>, Vec<f64>) {
    let path = IntegratedGradients::new().n(n).quadrature(rule);
    let why = path.analyze(model, &input(), Index(1)).unwrap();
    (why.values, why.extras.completeness_gap.unwrap())
}

fn is_that_of_the_chain(model: &impl Differentiable<Backend = B>) {
    let [first, hidden, last] = layers();
    let chain = Sequential::new().push(first).push(Activation::Relu).push(hidden).push(Activation::Relu).push(last);
    for n in [2, 3, 10] {
        let ((values, gaps), (expected, _)) = (run(model, n, Quadrature::Secant), run(&chain, n, Quadrature::Secant));
        assert!(gaps.iter().all(|gap| gap.abs() < 1e-12), "{n} points: {gaps:?}");
        let apart = (&values - &expected).iter().fold(0.0, |most: f64, gap| most.max(gap.abs()));
        assert!(apart < 1e-12, "{n} points: {values} instead of {expected}");
    }
    // The mean of both ends, which would be taken of a layer that is not known, misses much.
    let (_, gaps) = run(model, 2, Quadrature::EndpointMean);
    assert!(gaps.iter().all(|gap| gap.abs() > 0.1), "{gaps:?}");
}

#[test]
fn whether_a_layer_is_borrowed_or_owned_changes_no_number() {
    let [first, hidden, last] = layers();
    let inner = Inner { linear: first, relu: Rectifier };
    is_that_of_the_chain(&Borrowing { inner: &inner, hidden: &hidden, relu: Rectifier, last: &last });
    is_that_of_the_chain(&outer(inner.clone()));
    is_that_of_the_chain(&outer(Arc::new(inner.clone())));
    is_that_of_the_chain(&outer(&inner as &dyn Layer<B>));
    is_that_of_the_chain(&outer(Box::new(inner.clone()) as Box<dyn Layer<B>>));
    is_that_of_the_chain(&&outer(inner.clone()));
    is_that_of_the_chain(&Box::new(outer(inner)));
}

/// relu(x₁ + x₂ + x₃ - 5) · 2, from zeros to (0, 6, 14): three quarters of the way are behind the kink.
#[test]
fn a_kink_inside_of_the_segment_is_met_exactly() {
    let inner = Inner { linear: linear(array![[1.0, 1.0, 1.0]], &[-5.0]), relu: Rectifier };
    let (hidden, last) = (linear(array![[2.0]], &[0.0]), linear(array![[1.0]], &[0.0]));
    let model = Borrowing { inner: &inner, hidden: &hidden, relu: Rectifier, last: &last };
    let path = IntegratedGradients::new().n(2).quadrature(Quadrature::Secant);
    let values = path.analyze(&model, &array![[0.0, 6.0, 14.0]], Index(0)).unwrap().values;
    assert!((values - array![[0.0, 9.0, 21.0]]).iter().all(|gap: &f64| gap.abs() < 1e-12));
}
