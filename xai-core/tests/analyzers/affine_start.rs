//! An averaged gradient passes the affine layers that a network begins with once: the same values, in fewer passes.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ndarray::{Array2, ArrayD, array};
use xai_core::nn::{Activation, Sequential};
use xai_core::{
    Analyzer, Differentiable, Gradient, Graph, Index, InputTimesGradient, IntegratedGradients,
    InterpolationAugmentation, Layer, MaxActivation, NdArray, NoiseAugmentation, Opaque, Pullback, Quadrature,
    Reference, Result, SmoothGrad, Split, Tensor, Var,
};

use crate::models::{Chain, Hidden};

type B = NdArray<f64>;

/// x ↦ x · Wᵀ + b, which counts the rows that pass.
struct Affine {
    weight: Array2<f64>,
    shift: f64,
    forward: AtomicUsize,
    back: AtomicUsize,
}

impl Affine {
    fn new(weight: Array2<f64>, shift: f64) -> Self {
        Affine { weight, shift, forward: AtomicUsize::new(0), back: AtomicUsize::new(0) }
    }

    /// Rows forward and back since the last call.
    fn rows(&self) -> (usize, usize) {
        (self.forward.swap(0, Relaxed), self.back.swap(0, Relaxed))
    }

    fn output(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        let x = rows(x);
        self.forward.fetch_add(x.nrows(), Relaxed);
        Ok(tensor(x.dot(&self.weight.t()) + self.shift))
    }

    fn code(&self) -> Opaque<'_, B> {
        let pull = |v: &Tensor<B>| {
            let v = rows(v);
            self.back.fetch_add(v.nrows(), Relaxed);
            Ok(tensor(v.dot(&self.weight)))
        };
        Opaque::with_vjp(|x| self.output(&x[0]), move |x| Ok((self.output(&x[0])?, Pullback::new(pull))))
    }
}

fn rows(x: &Tensor<B>) -> Array2<f64> {
    x.download().unwrap().into_dimensionality().unwrap()
}

fn tensor(x: Array2<f64>) -> Tensor<B> {
    Tensor::new(x.into_dyn().into_shared())
}

impl Layer<B> for Affine {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x.opaque(self.code().affine()))
    }
}

fn affine() -> Affine {
    Affine::new(array![[1.0, -2.0], [0.5, 0.25], [-1.0, 3.0]], 0.125)
}

fn rest() -> Sequential<B> {
    Sequential::new().push(Activation::Tanh).push(Last(last()))
}

/// Three inputs to two outputs, not known to be affine.
struct Last(Affine);

impl Layer<B> for Last {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x.opaque(self.0.code()))
    }
}

fn last() -> Affine {
    Affine::new(array![[1.0, 0.5, -0.25], [0.3, -1.0, 2.0]], -0.5)
}

fn inputs() -> Array2<f64> {
    array![[0.3, -0.7], [1.1, 0.2], [-0.4, 0.9]]
}

fn close(a: &ArrayD<f64>, b: &ArrayD<f64>) {
    assert_eq!(a.shape(), b.shape());
    let gap = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(gap < 1e-12, "{a} and {b}");
}

/// Explains with and without the knowledge of what the model is made of, and returns the first layer's rows with it.
fn same_values(
    analyzer: &dyn for<'a> Fn(&'a dyn Differentiable<Backend = B>) -> (ArrayD<f64>, Vec<f64>),
) -> (usize, usize) {
    let (first, rest) = (affine(), rest());
    let chain = Chain::new().layer("first", &first).layer("rest", &rest);
    let (values, gap) = analyzer(&chain);
    let rows = first.rows();
    let (expected, expected_gap) = analyzer(&Hidden(chain));
    close(&values, &expected);
    close(
        &ArrayD::from_shape_vec(vec![gap.len()], gap).unwrap(),
        &ArrayD::from_shape_vec(vec![expected_gap.len()], expected_gap).unwrap(),
    );
    rows
}

fn explain<A>(analyzer: A) -> impl for<'a> Fn(&'a dyn Differentiable<Backend = B>) -> (ArrayD<f64>, Vec<f64>)
where
    A: for<'a> Analyzer<dyn Differentiable<Backend = B> + 'a>,
{
    move |model| {
        let why = analyzer.analyze(model, &inputs(), MaxActivation).unwrap();
        (why.values.into_dyn(), why.extras.completeness_gap.unwrap_or_default())
    }
}

#[test]
fn a_path_runs_the_first_layer_at_its_ends() {
    // Secants are another rule where the layers are known: `secants.rs` has them.
    for rule in Quadrature::ALL.into_iter().filter(|&rule| rule != Quadrature::Secant) {
        for reference in [Reference::Zeros, Reference::Constant(0.7)] {
            for chunk in [3, 5, 100] {
                let path = IntegratedGradients::new().n(20).quadrature(rule).chunk(chunk).reference(reference.clone());
                // Three samples: both ends, and back once.
                assert_eq!(same_values(&explain(path)), (6, 3), "{rule}");
            }
        }
    }
}

#[test]
fn a_batch_that_is_larger_than_a_chunk_gives_the_same() {
    let path = IntegratedGradients::new().n(9).chunk(2);
    // Blocks of one and two samples; the outputs of all are looked at first.
    assert_eq!(same_values(&explain(path)), (9, 3));
}

#[test]
fn noise_goes_forward_as_often_as_there_are_copies_and_back_once() {
    for chunk in [3, 100] {
        assert_eq!(same_values(&explain(SmoothGrad::new().n(20).std(0.5).chunk(chunk))), (3 + 3 * 20, 3));
    }
}

#[test]
fn what_is_no_gradient_goes_through_all_layers() {
    let path = InterpolationAugmentation::new(InputTimesGradient, 6).chunk(8);
    assert_eq!(same_values(&explain(path)), (3 * 6, 3 * 6));
    let nested = NoiseAugmentation::new(InterpolationAugmentation::new(Gradient, 4).chunk(8), 2).std(0.1).chunk(8);
    // The clean pass, and of each noisy copy the path's ends.
    assert_eq!(same_values(&explain(nested)), (3 + 3 * 2 * 2, 3 * 2));
}

#[test]
fn for_a_chunk_that_is_not_set_nothing_runs_once_more() {
    let run = |samples: usize| {
        let (first, rest) = (affine(), rest());
        let chain = Chain::new().layer("first", &first).layer("rest", &rest);
        let x = inputs().slice_move(ndarray::s![..samples, ..]);
        IntegratedGradients::new().n(9).analyze(&chain, &x, MaxActivation).unwrap();
        first.rows()
    };
    assert_eq!((run(1), run(3)), ((2, 1), (6, 3)));
}

#[test]
fn layers_are_found_inside_of_layers_and_parts() {
    let (first, rest) = (affine(), rest());
    let inner = Chain::new().layer("first", &first);
    let outer = Chain::new().layer("inner", &inner).layer("rest", &rest);
    let path = IntegratedGradients::new().n(11).chunk(8);
    path.analyze(&outer, &inputs(), Index(1)).unwrap();
    assert_eq!(first.rows(), (6, 3));
    let split = Split::new(&inner, self::rest());
    path.analyze(&split, &inputs(), Index(1)).unwrap();
    assert_eq!(first.rows(), (6, 3));
    // A part that does not say what it is made of: the other part's layers are still known.
    let split = Split::new(&inner, Hidden(self::rest()));
    path.analyze(&split.at(()), &inputs(), Index(1)).unwrap();
    assert_eq!(first.rows(), (6, 3));
    let graph = outer.graph(&[vec![3, 2]]).unwrap();
    let (start, behind) = graph.split(graph.affine_end().unwrap()).unwrap();
    let steps = |graph: &Graph<'_, B>| graph.nodes().len() - graph.inputs();
    assert_eq!((steps(&start), steps(&behind)), (1, 2));
    assert_eq!(first.rows(), (0, 0), "nothing runs where a network is written down");
}

#[test]
fn an_affine_model_is_its_own_start() {
    let only = affine();
    let model = Chain::new().layer("only", &only);
    let why = IntegratedGradients::new().n(30).analyze(&model, &array![[2.0, 5.0]], Index(2)).unwrap();
    assert!((why.values - array![[-2.0, 15.0]]).iter().all(|gap| gap.abs() < 1e-12));
    assert_eq!(only.rows(), (2, 1));
}

#[test]
fn errors_name_the_layers_that_lead_to_them() {
    let (first, rest) = (affine(), rest());
    let inner = Chain::new()
        .layer("first", &first)
        .owned("stop", xai_core::ForwardOnly::<B, _>::new(|x: &ndarray::ArcArray<f64, ndarray::IxDyn>| x.to_owned()));
    let outer = Chain::new().layer("inner", &inner).layer("rest", &rest);
    let error = SmoothGrad::new().n(2).analyze(&outer, &inputs(), Index(0)).unwrap_err().to_string();
    assert!(error.starts_with("in layer `inner`: in layer `stop`: "), "{error}");
}
