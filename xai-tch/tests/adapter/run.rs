//! Steps that share a tape.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use ndarray::ArrayD;
use tch::{Tensor as Torch, nn};
use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, ChannelAffine, Concat, Conv2d, Flatten, Linear, Residual, Sequential,
};
use xai_core::{
    Analyzer, Autograd, Backend, Differentiable, Error, Function, GradCam, Index, Layer, Net, Op, Opaque, Result,
    SmoothGrad, Tensor, Var,
};

use crate::differences::{Torch64, check, numbers, upload};
use crate::layers::Chain;

fn linear(seed: u64) -> nn::Linear {
    nn::Linear { ws: upload(&numbers(&[3, 3], seed)).into_inner(), bs: None }
}

fn own_linear(seed: u64) -> Linear<Torch64> {
    Linear::new(upload(&numbers(&[3, 3], seed)), None).unwrap()
}

fn chain<'a, const N: usize>(layers: [(&'static str, Box<dyn Layer<Torch64> + 'a>); N]) -> Net<Torch64, Chain<'a>> {
    Net::new(Chain(layers.into()))
}

/// A layer that counts how often each of its passes is asked for, and keeps what it is given.
struct Counted {
    layer: nn::Linear,
    forward: Cell<usize>,
    vjp: Cell<usize>,
    given: RefCell<Vec<Torch>>,
}

impl Counted {
    fn new(seed: u64) -> Self {
        Counted { layer: linear(seed), forward: Cell::default(), vjp: Cell::default(), given: RefCell::default() }
    }

    fn counts(&self) -> (usize, usize) {
        (self.forward.get(), self.vjp.get())
    }
}

impl Layer<Torch64> for Counted {
    fn trace<'m>(&'m self, x: Var<'m, Torch64>) -> Result<Var<'m, Torch64>> {
        let code = |x: &[&Torch]| Ok(nn::Module::forward(&self.layer, x[0]));
        let forward = move |x: &[Tensor<Torch64>]| {
            self.forward.set(self.forward.get() + 1);
            self.given.borrow_mut().push(x[0].inner().shallow_clone());
            Torch64::evaluate(code, x)
        };
        let vjp = move |x: &[Tensor<Torch64>]| {
            self.vjp.set(self.vjp.get() + 1);
            Torch64::record(code, x)
        };
        Ok(x.opaque(Opaque::with_vjp(forward, vjp).taped()))
    }
}

#[test]
fn one_tape_for_neighbours() {
    let counted = Counted::new(80);
    let tanh = |x: &Torch| x.tanh();
    let again = || Box::new(&counted as &dyn Layer<Torch64>);
    let chain = chain([("first", again()), ("tanh", Box::new(tanh)), ("again", again())]);
    let (_, pullback) = chain.vjp(&upload(&numbers(&[2, 3], 81))).unwrap();
    assert_eq!(counted.counts(), (2, 0));
    drop(pullback);
    check("a run of layers", &chain, &numbers(&[2, 3], 82));
}

/// Two branches, their sum, and a layer behind it.
struct Branches {
    left: Counted,
    right: Counted,
    last: Counted,
}

impl Differentiable for Branches {
    type Backend = Torch64;
    fn trace<'m>(&'m self, x: &[Var<'m, Torch64>]) -> Result<Var<'m, Torch64>> {
        let left = x[0].layer("left", &self.left)?.tanh();
        let right = x[0].layer("right", &self.right)?;
        (left + right + &x[0]).layer("last", &self.last)
    }
}

#[test]
fn one_tape_for_two_branches() {
    let model = Branches { left: Counted::new(100), right: Counted::new(101), last: Counted::new(102) };
    let (y, pullback) = model.vjp(&upload(&numbers(&[2, 3], 103))).unwrap();
    assert_eq!([&model.left, &model.right, &model.last].map(Counted::counts), [(1, 0); 3]);
    // What the last layer was given depends on what each branch was given: it would not, on a tape of its own.
    let last = model.last.given.take().remove(0);
    for branch in [&model.left, &model.right] {
        let start = branch.given.take().remove(0);
        let gradients = Torch::run_backward(&[last.sum(tch::Kind::Double)], &[&start], true, false);
        assert!(gradients[0].defined());
    }
    assert_eq!(pullback.pull(&y).unwrap().shape(), [2, 3]);
    check("branches", &model, &numbers(&[2, 3], 104));
}

#[test]
fn a_gradient_by_hand_stays_what_it_is_among_layers_that_share_a_tape() {
    let (before, after) = (linear(83), linear(84));
    // Not the derivative of exp, which the tape would have found: three times the cotangent.
    let custom = Function::<Torch64, _, _>::new(|x: &Torch| x.exp(), |_: &Torch, v: &Torch| v * 3.0);
    let (before_ws, after_ws) = (before.ws.shallow_clone(), after.ws.shallow_clone());
    let chain = chain([("before", Box::new(before)), ("custom", Box::new(custom)), ("after", Box::new(after))]);
    let x = upload(&numbers(&[2, 3], 85));
    let (y, pullback) = chain.vjp(&x).unwrap();
    let got = pullback.pull(&y).unwrap().download().unwrap();
    let expected = (y.inner().matmul(&after_ws) * 3.0).matmul(&before_ws);
    let expected = Tensor::<Torch64>::new(expected).download().unwrap();
    assert!((got - expected).iter().all(|gap| gap.abs() < 1e-12));
}

#[test]
fn code_that_writes_in_place_spoils_no_neighbour() {
    let (first, last) = (linear(86), linear(87));
    let in_place = |x: &Torch| {
        let mut x = x.shallow_clone();
        x.relu_() * 2.0
    };
    let chain = chain([
        ("first", Box::new(first)),
        ("tanh", Box::new(Activation::Tanh)),
        ("in place", Box::new(in_place)),
        ("last", Box::new(last)),
    ]);
    check("in place", &chain, &numbers(&[2, 3], 88));
}

#[test]
fn blocks_with_shortcuts_are_recorded_as_well() {
    let body = Sequential::<Torch64>::new().push(own_linear(89)).push(Activation::Silu);
    let block = Residual::new(body).shortcut(own_linear(90));
    let net = Sequential::<Torch64>::new().push(block).push(Activation::Gelu);
    let branches = Concat::new().push(net).push(Activation::Sigmoid);
    let model = Sequential::new().push(branches).push(Activation::Tanh);
    let graph = model.graph(&[vec![2, 3]]).unwrap();
    assert!(graph.nodes().iter().skip(1).all(|node| Torch64::records(node.op().unwrap())));
    check("block", &model, &numbers(&[2, 3], 91));
}

#[test]
fn an_error_ends_the_recording() {
    let good = linear(92);
    let bad = |_: &Torch| -> Torch { panic!("of the user's own") };
    let x = upload(&numbers(&[2, 3], 93));
    let good = Net::<Torch64, _>::new(good);
    let of_good = |x: &Torch| nn::Module::forward(&linear(92), x);
    let chain = chain([("good", Box::new(of_good)), ("bad", Box::new(bad))]);
    let error = chain.vjp(&x).unwrap_err();
    assert!(matches!(&error, Error::Layer { layer, .. } if layer == "bad"), "{error}");
    // What comes after it is not recorded.
    let y = x.affine(2.0, 0.0).unwrap();
    assert!(!y.inner().requires_grad());
    assert!(!good.forward(&x).unwrap().inner().requires_grad());
}

#[test]
fn a_layer_that_cuts_the_path_is_named() {
    let (first, last) = (linear(94), linear(95));
    let cut = |x: &Torch| x.detach();
    let chain = chain([("first", Box::new(first)), ("cut", Box::new(cut)), ("last", Box::new(last))]);
    let error = chain.vjp(&upload(&ArrayD::zeros(vec![2, 3]))).unwrap_err();
    assert!(matches!(error.root(), Error::Detached { .. }), "{error}");
    assert!(error.to_string().starts_with("in layer `cut`"), "{error}");
}

#[test]
fn convolutions_are_computed_with_what_follows_them() {
    let weight = |shape: &[usize], seed| upload(&numbers(shape, seed));
    let conv = Conv2d::new(weight(&[4, 3, 3, 3], 105), weight(&[4], 106)).unwrap().padding(1);
    let norm = ChannelAffine::new(weight(&[4], 107), weight(&[4], 108)).unwrap();
    let next = Conv2d::new(weight(&[4, 4, 2, 2], 116), None).unwrap();
    let x = upload(&numbers(&[2, 3, 5, 4], 109));
    for (ops, fused) in [
        (vec![Op::from(conv.clone()), norm.clone().into(), Activation::Relu.into()], 3),
        (vec![conv.clone().into(), norm.clone().into(), Activation::Gelu.into()], 2),
        (vec![conv.clone().into(), Activation::Relu6.into(), norm.clone().into()], 2),
        (vec![conv.clone().into(), Activation::Relu.into(), next.clone().into(), norm.clone().into()], 4),
        (vec![conv.clone().into(), next.clone().into(), Activation::Relu6.into(), Activation::Relu.into()], 3),
        (vec![conv.clone().into(), Activation::Silu.into()], 0),
        (vec![norm.clone().into(), Activation::Relu.into()], 0),
    ] {
        let ops: Vec<&Op<Torch64>> = ops.iter().collect();
        assert_eq!(Torch64::fuses(&ops, &x), fused);
        let ops = &ops[..fused];
        if fused == 0 {
            continue;
        }
        let one_by_one = ops.iter().try_fold(x.clone(), |x, op| Torch64::forward(op, &[&x])).unwrap();
        let (y, pullback) = Torch64::vjp_fused(ops, &x).unwrap();
        assert_eq!(y.inner(), one_by_one.inner());
        assert_eq!(Torch64::forward_fused(ops, &x).unwrap().inner(), one_by_one.inner());
        let mut v = upload(&numbers(&y.shape(), 110));
        let got = pullback.pull(&v).unwrap().download().unwrap();
        let (mut z, mut pulls) = (x.clone(), Vec::new());
        for op in ops {
            let (next, pull) = Torch64::vjp(op, &[&z], &[true]).unwrap();
            (z, _) = (next, pulls.push(pull));
        }
        for pull in pulls.iter().rev() {
            v = pull.pull(&v).unwrap();
        }
        assert!((got - v.download().unwrap()).iter().all(|gap| gap.abs() < 1e-12));
    }
    let model = Sequential::<Torch64>::new().push(conv).push(norm).push(Activation::Relu).push(next);
    check("fused blocks", &model, &numbers(&[2, 3, 5, 4], 111));
}

/// Weights behind their lock, the tape of each thread, and the user's own code between layers.
#[test]
fn threads_share_a_network() {
    let kernel = |shape: &[usize], seed| Conv2d::new(upload(&numbers(shape, seed)), None).unwrap().padding(1);
    let net = Arc::new(
        Sequential::<Torch64>::new()
            .push_named("stem", kernel(&[6, 2, 3, 3], 112))
            .push(Activation::Silu)
            .push_named("body", kernel(&[3, 6, 3, 3], 113))
            .push(Activation::Relu)
            .push(AdaptiveAvgPool2d::global())
            .push(Flatten::default())
            .push(|x: &Torch| x * 1.5)
            .push_named("classes", own_linear(114)),
    );
    let input = numbers(&[2, 2, 7, 6], 115);
    let explain = |net: &Sequential<Torch64>| {
        let noise = SmoothGrad::new().n(4).seed(1).analyze(net, &input, Index(1)).unwrap();
        (noise, GradCam::at("body").analyze(net, &input, Index(1)).unwrap())
    };
    let alone = explain(&net);
    let together: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| Arc::clone(&net)).map(|net| scope.spawn(move || explain(&net))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(together.iter().all(|found| *found == alone));
}
