//! Secants through steps of several inputs: products, quotients, constants, given inputs, code.

use ndarray::{Array3, ArrayD, Axis, Ix3, concatenate};
use xai_core::nn::Linear;
use xai_core::rules::Unknown;
use xai_core::{
    Analyzer, DeepLift, Differentiable, Error, Given, Gradient, Index, Inputs, IntegratedGradients, LayerConductance,
    NoiseAugmentation, Opaque, Pullback, Quadrature, Result, Tensor, Var, Weight,
};

use crate::models::B;
use crate::models::differences::{linear, noise, relative_error, tensor, weight};

const WORDS: usize = 4;
const WIDTH: usize = 3;

/// What is made of words (B, 4, 3), and of others beside them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// (W₁ x) · (W₂ x)
    Product,
    /// c / (1 + x²), for a constant without a batch axis
    ConstantOver,
    /// c / (1 + x²), for a constant of one row
    RowOver,
    /// (W₁ x) / (1 + e^(W₂ x))
    Quotient,
    /// (W₁ x) · (W₂ x)ᵀ
    Products,
    /// g · x / (1 + x²), for what is given
    GivenOver,
    /// Code of three inputs: x · y · c, with y made of x and a constant without a batch axis.
    Code,
}

const ALL: [Kind; 7] =
    [Kind::Product, Kind::ConstantOver, Kind::RowOver, Kind::Quotient, Kind::Products, Kind::GivenOver, Kind::Code];

struct Model {
    kind: Kind,
    first: Linear<B>,
    second: Linear<B>,
    words: Weight<B>,
    row: Weight<B>,
}

fn model(kind: Kind) -> Model {
    Model {
        kind,
        first: linear(1, WIDTH, WIDTH),
        second: linear(2, WIDTH, WIDTH),
        words: weight(3, &[WORDS, WIDTH]).into(),
        row: weight(4, &[1, WORDS, WIDTH]).into(),
    }
}

/// x · y · c, with the gradients of all three.
fn code<'m>() -> Opaque<'m, B> {
    let product = |x: &[Tensor<B>]| x[0].mul(&x[1])?.mul(&x[2]);
    let vjp = move |x: &[Tensor<B>]| {
        let (y, others) = (product(x)?, [x[1].mul(&x[2])?, x[0].mul(&x[2])?, x[0].mul(&x[1])?]);
        let pull = move |v: &Tensor<B>| {
            let [a, b, c] = others.each_ref().map(|other| v.mul(other));
            Ok(vec![Some(a?), Some(b?), Some(c?.sum(&[0])?.reshape(&[WORDS, WIDTH])?)])
        };
        Ok((y, Pullback::of_all(pull)))
    };
    Opaque::with_vjp(product, vjp)
}

impl Differentiable for Model {
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let x = &inputs[0];
        let (first, second) = (x.layer("first", &self.first)?, x.layer("second", &self.second)?);
        let squares = || x * x + 1.0;
        let y = match self.kind {
            Kind::Product => first * second,
            Kind::ConstantOver => x.constant(self.words.clone()) / squares(),
            Kind::RowOver => x.constant(self.row.clone()) / squares(),
            Kind::Quotient => first / (second.exp() + 1.0),
            Kind::Products => first.matmul(&second.transpose(1, 2)?),
            Kind::GivenOver => &inputs[1] * x / squares(),
            Kind::Code => first.opaque_with(code(), &[&second, &x.constant(self.words.clone())]),
        };
        Ok(y.reshape(&[x.shape()?[0], y_width(self.kind)]))
    }
}

fn y_width(kind: Kind) -> usize {
    if kind == Kind::Products { WORDS * WORDS } else { WORDS * WIDTH }
}

fn words(seed: u64, batch: usize) -> Array3<f64> {
    noise(seed, &[batch, WORDS, WIDTH]).into_dimensionality::<Ix3>().unwrap()
}

/// The values and gaps of a path by secants.
fn secants(kind: Kind, n: usize, chunk: usize, x: &Array3<f64>, given: &Array3<f64>) -> (ArrayD<f64>, Vec<f64>) {
    let path = IntegratedGradients::new().n(n).quadrature(Quadrature::Secant).reference(&(x * -0.5)).chunk(chunk);
    let why = path.analyze(&model(kind), (x, Given(given)), Index(5)).unwrap();
    (why.values.0.into_dyn(), why.extras.completeness_gap.unwrap())
}

#[test]
fn a_batch_equals_its_samples_in_any_chunks() {
    let (x, given) = (words(10, 3), words(11, 3));
    for kind in ALL {
        for n in [2, 5, 9] {
            let row = |a: &Array3<f64>, i: usize| a.select(Axis(0), &[i]);
            let alone = [0, 1, 2].map(|i| secants(kind, n, 1, &row(&x, i), &row(&given, i)).0);
            let alone = concatenate(Axis(0), &alone.each_ref().map(|a| a.view())).unwrap();
            for chunk in [1, 2, 3, 4, 5, 8, 12, 64] {
                let error = relative_error(&secants(kind, n, chunk, &x, &given).0, &alone);
                assert!(error < 1e-12, "{kind:?}, {n} points in chunks of {chunk}: {error}");
                for i in 0..3 {
                    let sample = secants(kind, n, chunk, &row(&x, i), &row(&given, i)).0;
                    let error = relative_error(&sample, &row_of(&alone, i));
                    assert!(error < 1e-12, "{kind:?}, one sample in chunks of {chunk}: {error}");
                }
            }
        }
    }
}

fn row_of(a: &ArrayD<f64>, i: usize) -> ArrayD<f64> {
    a.select(Axis(0), &[i])
}

#[test]
fn they_converge_to_the_path_integral() {
    let (x, given) = (words(10, 2), words(11, 2));
    for kind in ALL {
        let truth = IntegratedGradients::new().n(4000).quadrature(Quadrature::Midpoint).reference(&(&x * -0.5));
        let truth = truth.analyze(&model(kind), (&x, Given(&given)), Index(5)).unwrap().values.0.into_dyn();
        let (values, gaps) = secants(kind, 500, 8, &x, &given);
        let error = relative_error(&values, &truth);
        assert!(error < 1e-4, "{kind:?}: {error}");
        assert!(gaps.iter().all(|gap| gap.abs() < 1e-4), "{kind:?}: {gaps:?}");
    }
}

/// Both factors move evenly: the mean of the ends is the mean.
#[test]
fn products_are_complete_with_two_points() {
    let (x, given) = (words(12, 3), words(13, 3));
    for kind in [Kind::Product, Kind::Products, Kind::Code] {
        for n in [2, 7] {
            let (_, gaps) = secants(kind, n, 4, &x, &given);
            assert!(gaps.iter().all(|gap| gap.abs() < 1e-12), "{kind:?}: {gaps:?}");
        }
    }
}

#[test]
fn around_them_wrappers_are_what_they_are() {
    let (x, given) = (words(10, 2), words(11, 2));
    for kind in ALL {
        let path = IntegratedGradients::new().n(6).quadrature(Quadrature::Secant).chunk(5);
        let plain = path.analyze(&model(kind), (&x, Given(&given)), Index(5)).unwrap().values.0.into_dyn();
        let quiet = NoiseAugmentation::new(path, 3).std(0.0).chunk(5);
        let quiet = quiet.analyze(&model(kind), (&x, Given(&given)), Index(5)).unwrap().values.0.into_dyn();
        assert!(relative_error(&quiet, &plain) < 1e-12, "{kind:?}");
    }
}

/// Rows that do not stay in order cannot follow paths: that is said before any pass.
#[test]
fn what_mixes_the_rows_is_refused() {
    struct Turned(Linear<B>);
    struct Reordered;
    impl Differentiable for Reordered {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let turned = x[0].within("turned", || Ok(x[0].index_select(0, &[1, 0])))?;
            Ok(turned.index_select(1, &[2, 0, 2]).flatten(1, -1))
        }
    }
    impl Differentiable for Turned {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let before = x[0].within("before", || Ok(x[0].tanh()))?;
            let turned = before.within("turned", || Ok(before.permute(&[1, 0, 2])))?;
            Ok(turned.layer("last", &self.0)?.permute(&[1, 0, 2]).flatten(1, -1))
        }
    }
    let (model, x) = (Turned(linear(1, WIDTH, WIDTH)), words(10, 2));
    let path = IntegratedGradients::new().n(4).quadrature(Quadrature::Secant);
    let inputs = Inputs { shapes: &[x.shape().to_vec()], explained: &[true] };
    let error = path.analyze(&model, &x, Index(5)).unwrap_err();
    assert!(matches!(error.root(), Error::NoRule { .. }), "{error}");
    assert!(error.to_string().starts_with("in layer `turned`: no rule of `Quadrature::Secant`"), "{error}");
    assert!(Gradient.analyze(&model, &x, Index(5)).is_ok());
    let reordered = path.analyze(&Reordered, &x, Index(5)).unwrap_err().to_string();
    assert!(reordered.starts_with("in layer `turned`: no rule of `Quadrature::Secant`"), "{reordered}");
    // What has no other quadrature is not told to take one.
    let lift = DeepLift::new();
    let conductance = LayerConductance::at("before");
    let lenient = DeepLift::new().unknown(Unknown::Gradient);
    for (who, error) in [
        ("DeepLift", lift.analyze(&model, &x, Index(5)).unwrap_err()),
        ("DeepLift", lenient.analyze(&model, &x, Index(5)).unwrap_err()),
        ("DeepLift", Analyzer::check(&lift, &model, &inputs).unwrap_err()),
        ("DeepLift", Analyzer::check(&lenient, &model, &inputs).unwrap_err()),
        ("LayerConductance", conductance.analyze(&model, &x, Index(5)).unwrap_err()),
    ] {
        let error = error.root().to_string();
        assert!(error.starts_with(&format!("no rule of {who} goes back through an operation along the")), "{error}");
        assert!(error.ends_with("or take `IntegratedGradients` with `Quadrature::Graded`"), "{error}");
    }
    let graph = model.graph(&[vec![2, WORDS, WIDTH]]).unwrap();
    assert_eq!(graph.forward(&[tensor(&x.into_dyn())]).unwrap().shape(), [2, WORDS * WIDTH]);
}
