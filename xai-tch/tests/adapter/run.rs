//! Layers that share a tape.

use std::cell::Cell;

use ndarray::ArrayD;
use tch::{Tensor as Torch, nn};
use xai_core::nn::{Activation, Residual, Sequential};
use xai_core::{Chain, Differentiable, Error, Function, Layer, Pullback, Result, Tensor};

use crate::differences::{Torch64, check, numbers, upload};

fn linear(seed: u64) -> nn::Linear {
    nn::Linear { ws: upload(&numbers(&[3, 3], seed)).into_inner(), bs: None }
}

/// A layer that counts how often each of its passes is asked for.
struct Counted {
    layer: nn::Linear,
    forward: Cell<usize>,
    vjp: Cell<usize>,
}

impl Layer<Torch64> for Counted {
    fn forward(&self, x: &Tensor<Torch64>) -> Result<Tensor<Torch64>> {
        self.forward.set(self.forward.get() + 1);
        Layer::<Torch64>::forward(&self.layer, x)
    }
    fn vjp(&self, x: &Tensor<Torch64>) -> Result<(Tensor<Torch64>, Pullback<'_, Torch64>)> {
        self.vjp.set(self.vjp.get() + 1);
        Layer::<Torch64>::vjp(&self.layer, x)
    }
    fn is_recorded(&self) -> bool {
        true
    }
}

#[test]
fn one_tape_for_neighbours() {
    let counted = Counted { layer: linear(80), forward: Cell::default(), vjp: Cell::default() };
    let tanh = |x: &Torch| x.tanh();
    let chain = Chain::new().layer("first", &counted).layer("tanh", &tanh).layer("again", &counted);
    let (_, pullback) = Differentiable::vjp(&chain, &upload(&numbers(&[2, 3], 81))).unwrap();
    assert_eq!((counted.forward.get(), counted.vjp.get()), (2, 0));
    drop(pullback);
    check("a run of layers", &chain, &numbers(&[2, 3], 82));
}

#[test]
fn a_gradient_by_hand_stays_what_it_is_among_layers_that_share_a_tape() {
    let (before, after) = (linear(83), linear(84));
    // Not the derivative of exp, which the tape would have found: three times the cotangent.
    let custom = Function::<Torch64, _, _>::new(|x: &Torch| x.exp(), |_: &Torch, v: &Torch| v * 3.0);
    let chain = Chain::new().layer("before", &before).layer("custom", &custom).layer("after", &after);
    let x = upload(&numbers(&[2, 3], 85));
    let (y, pullback) = Differentiable::vjp(&chain, &x).unwrap();
    let got = pullback.pull(&y).unwrap().download().unwrap();
    let expected = (y.inner().matmul(&after.ws) * 3.0).matmul(&before.ws);
    let expected = Tensor::<Torch64>::new(expected).download().unwrap();
    assert!((got - expected).iter().all(|gap| gap.abs() < 1e-12));
}

#[test]
fn code_that_writes_in_place_spoils_no_neighbour() {
    let (first, last) = (linear(86), linear(87));
    let chain = Chain::new()
        .layer("first", &first)
        .owned("tanh", Activation::Tanh)
        .function("in place", |x: &Torch| {
            let mut x = x.shallow_clone();
            x.relu_() * 2.0
        })
        .layer("last", &last);
    check("in place", &chain, &numbers(&[2, 3], 88));
}

#[test]
fn blocks_with_shortcuts_are_recorded_as_well() {
    let body = Sequential::<Torch64>::new().push(linear(89)).push(Activation::Silu);
    let block = Residual::new(body).shortcut(linear(90));
    let net = Sequential::<Torch64>::new().push(block).push(Activation::Gelu);
    let branches = xai_core::nn::Concat::new().push(net).push(Activation::Sigmoid);
    assert!(Layer::<Torch64>::is_recorded(&branches));
    check("block", &Sequential::new().push(branches).push(Activation::Tanh), &numbers(&[2, 3], 91));
}

#[test]
fn an_error_ends_the_recording() {
    let good = linear(92);
    let bad = |_: &Torch| -> Torch { panic!("of the user's own") };
    let x = upload(&numbers(&[2, 3], 93));
    let chain = Chain::<Torch64>::new().layer("good", &good).layer("bad", &bad);
    let error = Differentiable::vjp(&chain, &x).unwrap_err();
    assert!(matches!(&error, Error::Layer { layer, .. } if layer == "bad"), "{error}");
    // What comes after it is not recorded.
    let y = x.affine(2.0, 0.0).unwrap();
    assert!(!y.inner().requires_grad());
    assert!(!Layer::<Torch64>::forward(&good, &x).unwrap().inner().requires_grad());
}

#[test]
fn a_layer_that_cuts_the_path_is_named() {
    let (first, last) = (linear(94), linear(95));
    let cut = |x: &Torch| x.detach();
    let chain = Chain::<Torch64>::new().layer("first", &first).layer("cut", &cut).layer("last", &last);
    let error = Differentiable::vjp(&chain, &upload(&ArrayD::zeros(vec![2, 3]))).unwrap_err();
    assert!(matches!(error.root(), Error::Detached { .. }), "{error}");
    assert!(error.to_string().starts_with("in layer `cut`"), "{error}");
}
