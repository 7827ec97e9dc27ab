//! Type parameters, lifetimes, const parameters, where-clauses, recursion.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use ndarray::array;
use xai::{Analyzer, Backend, Explainable, GradCam, Gradient, Layer, LayerSplit, MaxActivation, NdArray, Result, Var};

use crate::layers::{Mix, Scale, Square, SumPixels, image};

/// x ↦ 2ᴺ · x
#[derive(Debug)]
struct Doubling<B, const N: usize>(PhantomData<B>);

/// What a backend has to have for `Doubling`: as `Backend` is for the layers of `nn`.
pub(crate) trait Doubles: Backend {}
impl Doubles for NdArray<f64> {}
impl Doubles for NdArray<f32> {}

impl<B: Doubles, const N: usize> Layer<B> for Doubling<B, N> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x * f64::from(1_u32 << N))
    }
}

/// y = Σₖ wₖ Σ (4·(factor·x))², parameters named as they like; one of them stands for nothing.
#[derive(Debug, Explainable)]
#[explainable(backend = B)]
pub(crate) struct Net<'a, 'h, B: Doubles, E, M: ?Sized, const N: usize = 2>
where
    E: Debug + 'a,
{
    #[explainable(features)]
    doubling: Doubling<B, N>,
    #[explainable(features)]
    stem: &'a E,
    #[explainable(features)]
    act: Square,
    #[explainable(adaptation)]
    pool: &'h SumPixelsOf<M>,
    #[explainable(adaptation)]
    head: Mix,
}

/// Generic without need.
#[derive(Debug)]
pub(crate) struct SumPixelsOf<M: ?Sized>(PhantomData<M>);

impl<B: Backend, M: ?Sized> Layer<B> for SumPixelsOf<M> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        SumPixels.trace(x)
    }
}

#[test]
fn every_kind_of_parameter() {
    let (stem, pool) = (Scale(3.0), SumPixelsOf(PhantomData));
    let net: Net<'_, '_, NdArray<f64>, Scale, str> =
        Net { doubling: Doubling(PhantomData), stem: &stem, act: Square, pool: &pool, head: Mix(vec![1.0, -2.0]) };
    // A = 144 x², ∂y/∂x = wₖ · 288 x
    let why = Gradient.analyze(&net, &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[288.0, 576.0]], [[-1728.0, 576.0]]]]);
    let why = GradCam.analyze(&net, &image(), MaxActivation).unwrap();
    assert_eq!(why.values, array![[[[0.0, 288.0]]]]);
}

#[test]
fn one_struct_on_two_backends() {
    fn cam<B: Doubles>() -> ndarray::ArrayD<B::Elem>
    where
        Net<'static, 'static, B, Scale, str, 1>: LayerSplit<Backend = B>,
    {
        let net = Net::<'static, 'static, B, Scale, str, 1> {
            doubling: Doubling(PhantomData),
            stem: &Scale(0.5),
            act: Square,
            pool: &SumPixelsOf(PhantomData),
            head: Mix(vec![1.0, 1.0]),
        };
        let input = image().mapv(<B::Elem as xai::Element>::of).into_dyn();
        GradCam.analyze(&net, &input, MaxActivation).unwrap().values
    }
    assert_eq!(cam::<NdArray<f64>>(), array![[[[10.0, 5.0]]]].into_dyn());
    assert_eq!(cam::<NdArray<f32>>(), array![[[[10.0_f32, 5.0]]]].into_dyn());
}

/// A bound only where the layer's type asks for one: `Unbound<String>` exists, it is just no model.
#[derive(Debug, Explainable)]
#[explainable(backend = NdArray<f64>)]
struct Unbound<L> {
    #[explainable(features)]
    layer: L,
    #[explainable(adaptation)]
    pool: SumPixels,
}

#[test]
fn the_bounds_are_on_the_impls_alone() {
    let text = Unbound { layer: "no layer".to_owned(), pool: SumPixels };
    assert_eq!(text.layer, "no layer");
    let net = Unbound { layer: Square, pool: text.pool };
    let why = Gradient.analyze(&net, &image(), xai::Index(1)).unwrap();
    assert_eq!(why.values, array![[[[0.0, 0.0]], [[6.0, -2.0]]]]);
}

/// A model that holds itself: a bound on `rest` would have to be proven by itself.
#[derive(Explainable)]
#[explainable(backend = NdArray<f64>)]
struct Ring<L> {
    #[explainable(features)]
    first: L,
    #[explainable(adaptation)]
    rest: Arc<Knot<Ring<L>>>,
}

enum Knot<R> {
    End,
    More(R),
}

impl<B: Backend, R: Layer<B>> Layer<B> for Knot<R> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        match self {
            Knot::End => Ok(x),
            Knot::More(ring) => ring.trace(x),
        }
    }
}

#[test]
fn a_recursive_model() {
    let input = array![[1.0, -1.0]];
    let last = Ring { first: Scale(7.0), rest: Arc::new(Knot::End) };
    let ring = Ring { first: Scale(3.0), rest: Arc::new(Knot::More(last)) };
    assert_eq!(Gradient.analyze(&ring, &input, MaxActivation).unwrap().values, array![[21.0, 0.0]]);
}
