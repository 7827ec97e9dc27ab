//! How many samples go through the model in one pass when nobody says so.
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::RefCell;

use ndarray::{ArcArray, Array2, ArrayD, Axis, IxDyn};
use xai_core::nn::Activation;
use xai_core::{
    Analyzer, Chain, Differentiable, Function, Index, IntegratedGradients, Layer, NdArray, NoiseAugmentation, Pullback,
    Quadrature, Result, SmoothGrad, Tensor,
};

type B = NdArray<f64>;
type T = ArcArray<f64, IxDyn>;

/// (batch, 2) to (batch, width), every other column each of both; it remembers the batches that it was given.
struct Widen {
    width: usize,
    batches: RefCell<Vec<usize>>,
}

impl Layer<B> for Widen {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        let batch = x.shape()[0];
        self.batches.borrow_mut().push(batch);
        x.reshape(&[batch, 1, 2])?.broadcast_to(&[batch, self.width / 2, 2])?.reshape(&[batch, self.width])
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        let shape = x.shape();
        let pull = move |v: &Tensor<B>| v.reshape(&[shape[0], self.width / 2, 2])?.sum(&[1])?.reshape(&shape);
        Ok((self.forward(x)?, Pullback::new(pull)))
    }
    fn is_affine(&self) -> bool {
        true
    }
}

fn sum(x: &T) -> T {
    x.sum_axis(Axis(1)).insert_axis(Axis(1)).into_shared()
}

fn spread(x: &T, v: &T) -> T {
    v.broadcast(x.raw_dim()).unwrap().to_owned().into_shared()
}

/// The largest batch of a pass, through a network whose largest map has `width` numbers.
fn largest_pass<A>(width: usize, samples: usize, analyzer: A) -> (usize, ArrayD<f64>)
where
    A: for<'a> Analyzer<dyn Differentiable<Backend = B> + 'a>,
{
    let widen = Widen { width, batches: RefCell::default() };
    let last = Function::<B, _, _>::new(sum, spread);
    let net = Chain::new().layer("bend", &Activation::Tanh).layer("widen", &widen).layer("sum", &last);
    let x = Array2::from_shape_fn((samples, 2), |(b, i)| 0.3 * (b + 2 * i) as f64 - 0.2);
    let model: &dyn Differentiable<Backend = B> = &net;
    let why = analyzer.analyze(model, &x, Index(0)).unwrap();
    (widen.batches.borrow().iter().copied().max().unwrap(), why.values.into_dyn())
}

// 26 MB are 3.25 million numbers of 8 bytes.
const THIRD: usize = 1_040_000;

#[test]
fn the_largest_map_decides() {
    let noise = || SmoothGrad::new().n(7).seed(2);
    assert_eq!(largest_pass(THIRD, 1, noise()).0, 3);
    assert_eq!(largest_pass(2 * THIRD, 1, noise()).0, 1);
    assert_eq!(largest_pass(4 * THIRD, 1, noise()).0, 1, "a map that is too large goes alone");
    assert_eq!(largest_pass(40, 1, noise().n(30)).0, 30);
    assert_eq!(largest_pass(40, 1, noise().n(200)).0, 50, "64 at the most, in even parts");
    for rule in [Quadrature::EndpointMean, Quadrature::Graded, Quadrature::Secant] {
        let path = IntegratedGradients::new().n(8).quadrature(rule);
        assert_eq!(largest_pass(THIRD, 1, path).0, 3, "{rule}");
    }
    assert_eq!(largest_pass(THIRD, 1, IntegratedGradients::new().tolerance(1e-9).max_n(12)).0, 3);
    let nested = NoiseAugmentation::new(IntegratedGradients::new().n(4), 3).std(0.1);
    assert_eq!(largest_pass(THIRD, 1, nested).0, 3);
}

#[test]
fn a_batch_is_cut_into_blocks_of_that_size() {
    assert_eq!(largest_pass(THIRD, 5, SmoothGrad::new().n(3)).0, 3);
    assert_eq!(largest_pass(THIRD, 5, IntegratedGradients::new().n(3)).0, 3);
    let (pass, values) = largest_pass(THIRD, 4, SmoothGrad::new().n(3).seed(4));
    let (fixed, expected) = largest_pass(THIRD, 4, SmoothGrad::new().n(3).seed(4).chunk(2));
    assert_eq!((pass, fixed), (2, 2), "3 at the most, in even parts");
    assert_eq!(values, expected);
}

#[test]
fn what_is_set_counts() {
    assert_eq!(largest_pass(4 * THIRD, 1, SmoothGrad::new().n(4).chunk(2)).0, 2);
    assert_eq!(largest_pass(40, 1, IntegratedGradients::new().n(20).chunk(6)).0, 6);
}

#[test]
fn where_no_layer_is_seen_the_input_decides() {
    let largest = RefCell::new(0);
    let model = Function::<B, _, _>::new(
        |x: &T| {
            let seen = x.shape()[0].max(*largest.borrow());
            largest.replace(seen);
            sum(x)
        },
        spread,
    );
    // 5 times the input's 100,000 numbers are 4 MB.
    let x = Array2::from_elem((1, 100_000), 0.5);
    IntegratedGradients::new().n(20).analyze(&model, &x, Index(0)).unwrap();
    assert_eq!(*largest.borrow(), 6);
}
