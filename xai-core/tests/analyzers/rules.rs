//! Another way back than the gradient, in a few lines of a user's own.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ndarray::{Array2, ArrayD, Ix2, array};
use xai_core::nn::{Activation, Linear, Residual, Sequential};
use xai_core::{
    Analyzer, Attribution, Call, Differentiable, Error, Gradient, Index, Inputs, IntegratedGradients,
    InterpolationAugmentation, Kind, Layer, MaxActivation, NoiseAugmentation, Op, Opaque, Pullback, Quadrature, Result,
    Rules, Site, Step, Tensor, Var, WayBack,
};

use crate::models::differences::{linear, noise, tensor};
use crate::models::{B, Chain};

/// Guided backpropagation (Springenberg et al. 2015): relu lets pass what is positive in both directions.
#[derive(Clone, Copy)]
struct Guided;

impl Rules<B> for Guided {
    fn takes(&self, site: &Site<'_, '_, B>) -> bool {
        matches!(site.op(), Some(Op::Activation(Activation::Relu)))
    }
    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        let (y, pull) = site.vjp(inputs)?;
        Ok((y, Pullback::new(move |v| pull.pull(&v.relu()?))))
    }
}

/// Fully connected layers give back a half.
#[derive(Clone, Copy)]
struct Halved;

impl Rules<B> for Halved {
    fn takes(&self, site: &Site<'_, '_, B>) -> bool {
        matches!(site.op(), Some(Op::Linear(_)))
    }
    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        let (y, pull) = site.vjp(inputs)?;
        Ok((y, Pullback::new(move |v| pull.pull(v)?.scale(0.5))))
    }
}

/// Knows nothing of what nobody can look into.
struct Strict;

impl Rules<B> for Strict {
    fn takes(&self, site: &Site<'_, '_, B>) -> bool {
        matches!(site.node().step(), Step::Opaque(_))
    }
    fn check(&self, site: &Site<'_, '_, B>) -> Result<()> {
        let (rules, reason) = ("Strict".into(), "it is opaque".into());
        Err(Error::NoRule { rules, what: format!("`{}`", site.path()), reason })
    }
    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        site.vjp(inputs)
    }
}

/// What comes back by rules; `hides` that this is all that it does, so that nothing can be saved.
struct By<R> {
    rules: R,
    hides: bool,
}

impl<M: Differentiable<Backend = B> + ?Sized, R: Rules<B>> Analyzer<M> for By<R> {
    fn name(&self) -> String {
        "By rules".into()
    }
    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }
    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        model.graph(inputs.shapes)?.check(Some(&self.rules), inputs.explained)
    }
    fn way_back(&self) -> Option<WayBack<'_, B>> {
        (!self.hides).then_some(WayBack::Rules(&self.rules))
    }
    fn attribute(&self, model: &M, call: &Call<'_, B>) -> Result<Attribution<B>> {
        call.one_way_back(model, WayBack::Rules(&self.rules))
    }
}

fn guided() -> By<Guided> {
    By { rules: Guided, hides: false }
}

fn plain(weight: Array2<f64>) -> Linear<B> {
    Linear::new(tensor(&weight.into_dyn()), None).unwrap()
}

/// y = W₂ (relu(W₁ x) + x): what comes back is v + W₁ᵀ ([W₁ x > 0] · max(0, v)), with v a row of W₂.
#[test]
fn guided_backpropagation_through_a_residual_by_hand() {
    let body = Sequential::new().push(plain(array![[1.0, -2.0], [3.0, 1.0]])).push(Activation::Relu);
    let model = Sequential::<B>::new().push(Residual::new(body)).push(plain(array![[2.0, -1.0], [-3.0, 0.5]]));
    // W₁ x = (-1, 4), and (4, 5) for the second.
    let x = array![[1.0, 1.0], [2.0, -1.0]];
    let got = guided().analyze(&model, &x, Index(0)).unwrap().values;
    // v = (2, -1): the second unit's is cut, the first is open in the second sample only.
    assert!((got - array![[2.0, -1.0], [2.0 + 2.0, -1.0 - 4.0]]).iter().all(|gap| gap.abs() < 1e-12));
    let got = guided().analyze(&model, &x, Index(1)).unwrap().values;
    // v = (-3, 0.5): the first unit's is cut, the second is open in both.
    let expected = array![[-3.0 + 1.5, 0.5 + 0.5], [-3.0 + 1.5, 0.5 + 0.5]];
    assert!((got - expected).iter().all(|gap| gap.abs() < 1e-12));
    // The gradient cuts nothing of that.
    let gradient = Gradient.analyze(&model, &x, Index(0)).unwrap().values;
    let expected = array![[2.0 - 3.0, -1.0 - 1.0], [2.0 + 2.0 - 3.0, -1.0 - 4.0 - 1.0]];
    assert!((gradient - expected).iter().all(|gap| gap.abs() < 1e-12));
}

/// An affine layer, which counts the rows that pass it back.
struct Counted(Linear<B>, AtomicUsize);

impl Layer<B> for Counted {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let product = |x: &Tensor<B>| x.matmul(&self.0.weight.tensor().permute(&[1, 0])?);
        let vjp = move |x: &[Tensor<B>]| {
            let pull = |v: &Tensor<B>| {
                self.1.fetch_add(v.shape()[0], Relaxed);
                v.matmul(&self.0.weight.tensor())
            };
            Ok((product(&x[0])?, Pullback::new(pull)))
        };
        Ok(x.opaque(Opaque::with_vjp(move |x| product(&x[0]), vjp).affine()))
    }
}

fn network(start: impl Layer<B> + Send + Sync + 'static) -> Sequential<B> {
    let body = Sequential::new().push(linear(3, 6, 6)).push(Activation::Relu);
    let rest = Sequential::new().push(Activation::Relu).push(Residual::new(body)).push(linear(4, 3, 6));
    Sequential::new().push_named("start", start).push_named("rest", rest)
}

fn inputs() -> Array2<f64> {
    noise(5, &[3, 4]).into_dimensionality::<Ix2>().unwrap()
}

type Wrapped = Box<dyn Analyzer<Sequential<B>>>;

/// Means of what comes back by rules, in chunks.
fn wrapped<R: Rules<B> + Copy + 'static>(rules: R, hides: bool, chunk: usize) -> Vec<Wrapped> {
    let by = || By { rules, hides };
    let mut all: Vec<Wrapped> = vec![
        Box::new(NoiseAugmentation::new(by(), 7).std(0.4).chunk(chunk)),
        Box::new(NoiseAugmentation::new(by(), 6).relative_std(0.2).antithetic(true).chunk(chunk)),
        Box::new(InterpolationAugmentation::new(by(), 4).tolerance(0.05).chunk(chunk)),
        Box::new(NoiseAugmentation::new(InterpolationAugmentation::new(by(), 4).chunk(chunk), 3).chunk(chunk)),
    ];
    for rule in Quadrature::ALL {
        let path = InterpolationAugmentation::new(by(), 6).quadrature(rule).reference(&(inputs() * -0.5));
        all.push(Box::new(path.chunk(chunk)));
    }
    all
}

fn same(model: &Sequential<B>, known: &dyn Analyzer<Sequential<B>>, hidden: &dyn Analyzer<Sequential<B>>) {
    let run = |analyzer: &dyn Analyzer<Sequential<B>>| (&analyzer).analyze(model, &inputs(), MaxActivation).unwrap();
    let (known, hidden) = (run(known), run(hidden));
    assert!((&known.values - &hidden.values).iter().all(|gap| gap.abs() < 1e-12), "{}", known.analyzer);
    let gaps = known.extras.completeness_gap.unwrap_or_default();
    let expected = hidden.extras.completeness_gap.unwrap_or_default();
    assert!(gaps.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12), "{}", known.analyzer);
}

#[test]
fn a_mean_behind_the_affine_start_equals_one_of_whole_passes() {
    for chunk in [1, 2, 5, 64] {
        let guided = wrapped(Guided, false, chunk).into_iter().zip(wrapped(Guided, true, chunk));
        for (known, hidden) in guided {
            same(&network(linear(2, 6, 4)), &known, &hidden);
        }
        // Rules that take a step of the start: it is passed by every copy.
        for (known, hidden) in wrapped(Halved, false, chunk).into_iter().zip(wrapped(Halved, true, chunk)) {
            same(&network(linear(2, 6, 4)), &known, &hidden);
        }
    }
}

#[test]
fn the_affine_start_is_passed_back_once() {
    let start = || std::sync::Arc::new(Counted(linear(2, 6, 4), AtomicUsize::new(0)));
    for (hides, rows) in [(false, 3), (true, 3 * 7)] {
        let start = start();
        let noise = NoiseAugmentation::new(By { rules: Guided, hides }, 7).chunk(64);
        noise.analyze(&network(std::sync::Arc::clone(&start)), &inputs(), MaxActivation).unwrap();
        assert_eq!(start.1.load(Relaxed), rows);
    }
}

#[test]
fn a_rule_that_takes_an_opaque_step_refuses_it_before_any_pass() {
    let start = Counted(linear(2, 6, 4), AtomicUsize::new(0));
    let known = linear(4, 3, 6);
    let inner = Chain::new().layer("code", &start).owned("relu", Activation::Relu);
    let model = Chain::new().layer("inner", &inner).layer("last", &known);
    let strict = || By { rules: Strict, hides: false };
    for error in [
        strict().analyze(&model, &inputs(), Index(0)).unwrap_err(),
        NoiseAugmentation::new(strict(), 3).analyze(&model, &inputs(), Index(0)).unwrap_err(),
        InterpolationAugmentation::new(strict(), 3).analyze(&model, &inputs(), Index(0)).unwrap_err(),
    ] {
        let words = "in layer `inner`: in layer `code`: no rule of Strict goes back through `inner.code`: it is opaque";
        assert_eq!(error.to_string(), words);
        assert!(matches!(error.root(), Error::NoRule { .. }));
    }
    assert_eq!(start.1.load(Relaxed), 0);
    // Where it takes nothing, it is the gradient.
    let known = network(linear(2, 6, 4));
    let values = |values: Array2<f64>| -> ArrayD<f64> { values.into_dyn() };
    let by_rules = values(strict().analyze(&known, &inputs(), Index(1)).unwrap().values);
    assert_eq!(by_rules, values(Gradient.analyze(&known, &inputs(), Index(1)).unwrap().values));
    assert!(IntegratedGradients::new().n(3).analyze(&model, &inputs(), Index(0)).is_ok());
}
