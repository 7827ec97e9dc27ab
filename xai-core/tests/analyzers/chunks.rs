//! How many samples go through the model in one pass when nobody says so.

use std::cell::RefCell;

use ndarray::{ArcArray, Array2, ArrayD, Axis, IxDyn};
use xai_core::nn::Activation;
use xai_core::{
    Analyzer, Differentiable, Function, Index, IntegratedGradients, Layer, NdArray, NoiseAugmentation, Opaque,
    Pullback, Quadrature, Result, SmoothGrad, Tensor, Var,
};

use crate::models::{Chain, Hidden};

type B = NdArray<f64>;
type T = ArcArray<f64, IxDyn>;

/// (batch, 2) to (batch, width), every other column each of both; it remembers the batches that it was given.
struct Widen {
    width: usize,
    batches: RefCell<Vec<usize>>,
    /// Whether it says how large its output is.
    says: bool,
}

impl Widen {
    fn output(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        let batch = x.shape()[0];
        self.batches.borrow_mut().push(batch);
        x.reshape(&[batch, 1, 2])?.broadcast_to(&[batch, self.width / 2, 2])?.reshape(&[batch, self.width])
    }
}

impl Layer<B> for Widen {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let vjp = move |x: &[Tensor<B>]| {
            let shape = x[0].shape();
            let pull = move |v: &Tensor<B>| v.reshape(&[shape[0], self.width / 2, 2])?.sum(&[1])?.reshape(&shape);
            Ok((self.output(&x[0])?, Pullback::new(pull)))
        };
        let code = Opaque::with_vjp(|x| self.output(&x[0]), vjp).affine();
        Ok(x.opaque(if self.says { code.shaped(|x| Ok(vec![x[0][0], self.width])) } else { code }))
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
    pass_through(&Widen { width, batches: RefCell::default(), says: true }, samples, analyzer)
}

fn pass_through<A>(widen: &Widen, samples: usize, analyzer: A) -> (usize, ArrayD<f64>)
where
    A: for<'a> Analyzer<dyn Differentiable<Backend = B> + 'a>,
{
    let last = Function::<B, _, _>::new(sum, spread);
    let net = Chain::new().layer("bend", &Activation::Tanh).layer("widen", widen).layer("sum", &last);
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

/// What is in a closure is not seen, however large it is: 5 times the inputs, also beside maps that are seen.
#[test]
fn a_closure_counts_as_five_times_the_input() {
    let hidden = |width| Widen { width, batches: RefCell::default(), says: false };
    let noise = || SmoothGrad::new().n(60).seed(2);
    assert_eq!(pass_through(&hidden(THIRD / 10), 1, noise()).0, 60, "10 numbers are taken for granted");
    let seen = Widen { says: true, ..hidden(THIRD / 10) };
    assert_eq!(pass_through(&seen, 1, noise()).0, 30, "31 at the most, in even parts");
    let batches = RefCell::new(Vec::new());
    let first = Function::<B, _, _>::new(
        |x: &T| {
            batches.borrow_mut().push(x.shape()[0]);
            x.clone()
        },
        |_: &T, v: &T| v.clone(),
    );
    // 100,000 numbers are seen, and 500,000 taken for granted, in a closure beside them and in a model that is one.
    let beside = || Chain::new().layer("seen", &Activation::Tanh).layer("closure", &first);
    let x = Array2::from_elem((1, 100_000), 0.5);
    for model in [&beside() as &dyn Differentiable<Backend = B>, &Hidden(beside())] {
        IntegratedGradients::new().n(20).analyze(model, &x, Index(0)).unwrap();
        assert_eq!(batches.take().into_iter().max(), Some(6));
    }
}

/// The graph says it for a batch, and the largest map of one sample counts.
#[test]
fn a_map_is_counted_for_each_sample() {
    let batches = RefCell::new(Vec::new());
    let widen = Widen { width: THIRD, batches, says: true };
    let model = Chain::new().layer("widen", &widen);
    assert_eq!(model.graph(&[vec![5, 2]]).unwrap().largest_map(), 5 * THIRD);
    assert!(widen.batches.borrow().is_empty(), "nothing runs where a network is written down");
    let unsaid = Widen { width: THIRD, batches: RefCell::default(), says: false };
    assert_eq!(Chain::new().layer("widen", &unsaid).graph(&[vec![5, 2]]).unwrap().largest_map(), 0);
}
