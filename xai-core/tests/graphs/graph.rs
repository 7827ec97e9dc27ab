//! A network as data: passes over a graph, and what it knows without running.

use std::cell::Cell;

use ndarray::array;
use xai_core::{Differentiable, Error, Graph, Layer, Opaque, Pullback, Result, Tensor, Var};

use crate::models::{B, Chain};

/// x ↦ factor · x, which counts its passes and knows its place if it is told to.
struct Scale {
    factor: f64,
    passes: Cell<usize>,
    placed: bool,
}

fn scale(factor: f64) -> Scale {
    Scale { factor, passes: Cell::new(0), placed: false }
}

impl Scale {
    fn output(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        self.passes.set(self.passes.get() + 1);
        x.scale(self.factor)
    }
}

impl Layer<B> for Scale {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let vjp = |x: &[Tensor<B>]| Ok((self.output(&x[0])?, Pullback::new(|v| v.scale(self.factor))));
        let code = Opaque::with_vjp(|x| self.output(&x[0]), vjp);
        Ok(x.opaque(code.affine().placed(self.placed.then_some(()))))
    }
}

/// x ↦ x², and an error where x has three columns.
struct Square;

impl Layer<B> for Square {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let output = |x: &[Tensor<B>]| {
            Error::check_shape("input of Square", &[1, 2], &x[0].shape())?;
            x[0].mul(&x[0])
        };
        let vjp = move |x: &[Tensor<B>]| {
            let (y, twice) = (output(x)?, x[0].scale(2.0)?);
            Ok((y, Pullback::new(move |v| v.mul(&twice))))
        };
        Ok(x.opaque(Opaque::with_vjp(output, vjp)))
    }
}

fn input() -> Tensor<B> {
    Tensor::new(array![[1.0, -3.0]].into_dyn().into_shared())
}

fn graph<'m>(chain: &'m Chain<'_>) -> Graph<'m, B> {
    chain.graph(&[vec![1, 2]]).unwrap()
}

#[test]
fn a_pullback_outlives_the_graph() {
    let three = scale(3.0);
    let chain = Chain::new().layer("three", &three).owned("square", Square).owned("two", scale(2.0));
    let (y, pull) = graph(&chain).vjp(&[input()], &[true], None).unwrap();
    assert_eq!(y.download().unwrap(), array![[18.0, 162.0]].into_dyn());
    let dx = pull.pull(&y).unwrap();
    // 2 · 2 · (3x) · 3 times the cotangent
    assert_eq!(dx.download().unwrap(), array![[36.0 * 18.0, -108.0 * 162.0]].into_dyn());
    assert_eq!(three.passes.get(), 1, "a layer runs once");
    graph(&chain);
    assert_eq!(three.passes.get(), 1, "it does not run where it is written down");
}

#[test]
fn a_pullback_of_the_model_gives_the_same() {
    let chain = Chain::new().owned("three", scale(3.0)).owned("square", Square);
    let (y, pull) = chain.vjp(&input()).unwrap();
    assert_eq!(y.download().unwrap(), array![[9.0, 81.0]].into_dyn());
    assert_eq!(pull.pull(&input()).unwrap().download().unwrap(), array![[18.0, 162.0]].into_dyn());
}

#[test]
fn no_layer_is_the_identity() {
    let chain = Chain::new();
    let (y, pull) = chain.vjp(&input()).unwrap();
    assert_eq!(y.download().unwrap(), input().download().unwrap());
    assert_eq!(pull.pull(&y).unwrap().download().unwrap(), input().download().unwrap());
}

#[test]
fn errors_name_the_layer() {
    let chain = Chain::new().owned("two", scale(2.0)).owned("square", Square);
    let wide = Tensor::new(array![[1.0, 2.0, 3.0]].into_dyn().into_shared());
    for result in [chain.forward(&wide).err(), chain.vjp(&wide).err()] {
        assert!(result.unwrap().to_string().starts_with("in layer `square`: "));
    }
}

#[test]
fn place_and_affinity_are_those_of_the_layers() {
    let known = Scale { placed: true, ..scale(1.0) };
    let unknown = Chain::new().owned("a", scale(1.0)).owned("b", scale(2.0));
    assert_eq!(graph(&unknown).placement(), None);
    assert_eq!(graph(&unknown).affine_end(), Some(graph(&unknown).output()));
    let later = Chain::new().layer("start", &unknown).layer("known", &known).owned("square", Square);
    let graph = graph(&later);
    assert_eq!(graph.placement(), Some(()));
    assert_eq!(graph.affine_end(), Some(graph.place("known").unwrap()));
    let places: Vec<String> = graph.places().into_iter().map(|place| place.name).collect();
    assert_eq!(places, ["start.a", "start.b", "start", "known", "square"]);
}

/// What two branches share runs once, and their gradients add up.
#[test]
fn a_value_that_is_read_twice_runs_once() {
    struct Branches(Scale);
    impl Differentiable for Branches {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let z = x[0].layer("shared", &self.0)?;
            Ok(&z * &z.relu() - &z + &x[0])
        }
    }
    let model = Branches(scale(2.0));
    let (y, pull) = model.vjp(&input()).unwrap();
    assert_eq!(model.0.passes.get(), 1);
    assert_eq!(y.download().unwrap(), array![[4.0 - 2.0 + 1.0, 6.0 - 3.0]].into_dyn());
    let ones = Tensor::new(array![[1.0, 1.0]].into_dyn().into_shared());
    // 2 · (2z · [z > 0] - 1) + 1
    assert_eq!(pull.pull(&ones).unwrap().download().unwrap(), array![[7.0, -1.0]].into_dyn());
}
