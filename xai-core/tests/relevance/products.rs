//! Products and quotients of two values that are explained, by hand.

use ndarray::{Array1, ArrayD, Axis, array};
use xai_core::nn::Linear;
use xai_core::rules::LrpRule;
use xai_core::{Analyzer, Differentiable, Error, Given, Index, Lrp, Result, Var};

use crate::models::B;
use crate::models::differences::{linear, tensor, weight};
use crate::relevance::by_hand::{array2, forward};
use crate::relevance::lrp::by;
use crate::relevance::nets::{assert_close, explain, rows};

/// How two values become one.
type Of = for<'m> fn(Var<'m, B>, Var<'m, B>) -> Var<'m, B>;

/// a(x) and b(x), two linear layers, made one.
struct Two(Linear<B>, Linear<B>, Of);

impl Differentiable for Two {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Ok((self.2)(x[0].layer("a", &self.0)?, x[0].layer("b", &self.1)?))
    }
}

fn layer(weight: [f64; 2], bias: Option<f64>) -> Linear<B> {
    let bias = bias.map(|bias| tensor(&array![bias].into_dyn()));
    Linear::new(tensor(&array![weight].into_dyn()), bias).unwrap()
}

/// At x = (1, 2), a = 3 - 2 = 1 and b = 2 + 1 = 3: half of y = 3 goes by the shares of a, which are 3 and -2, and half
/// by those of b, 2/3 and 1/3.
#[test]
fn a_product_goes_to_both_by_halves() {
    let x = array![[1.0, 2.0]];
    let model = Two(layer([3.0, -1.0], None), layer([2.0, 0.5], None), |a, b| a * b);
    for rule in [LrpRule::Zero, LrpRule::Epsilon(1e-15)] {
        let why = explain(&by(rule), &model, &x, 0);
        assert_close(&why.values, &array![[4.5 + 1.0, -3.0 + 0.5]].into_dyn(), 1e-13, "halves");
        assert!(why.extras.relevance_kept.unwrap()[0].abs() < 1e-13);
    }
    // With biases 1 and -1, a = 2 and b = 2: of y = 4 each side has 2, of which the biases keep 1 and -1.
    let biased = Two(layer([3.0, -1.0], Some(1.0)), layer([2.0, 0.5], Some(-1.0)), |a, b| a * b);
    let why = explain(&by(LrpRule::Zero), &biased, &x, 0);
    assert_close(&why.values, &array![[3.0 + 2.0, -2.0 + 1.0]].into_dyn(), 1e-14, "halves with biases");
    assert!(why.extras.relevance_kept.unwrap()[0].abs() < 1e-14);
    // Positive contributions alone: all of the first half to the first number, two thirds of the second.
    let why = explain(&by(LrpRule::ZPlus), &model, &x, 0);
    assert_close(&why.values, &array![[1.5 + 1.0, 0.5]].into_dyn(), 1e-12, "halves by z+");
}

/// A square is a product of a value with itself: all of it goes back once.
#[test]
fn a_square_hands_all_on() {
    let model = Two(layer([3.0, -1.0], None), layer([0.0, 0.0], None), |a, b| &a * &a + b);
    let why = explain(&by(LrpRule::Zero), &model, &array![[1.0, 1.0]], 0);
    assert_close(&why.values, &array![[6.0, -2.0]].into_dyn(), 1e-14, "square");
}

/// x · other, of which only one is explained: that one has all of it.
struct Beside;

impl Differentiable for Beside {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Ok(&x[0] * &x[1])
    }
}

#[test]
fn a_factor_that_is_not_explained_gets_no_half() {
    let (x, other) = (array![[2.0, -3.0]], array![[5.0, 7.0]]);
    let both = Lrp::default().analyze(&Beside, (&x, &other), Index(1)).unwrap().values;
    assert_eq!(both, (array![[0.0, -10.5]], array![[0.0, -10.5]]));
    let one = Lrp::default().analyze(&Beside, (&x, Given(&other)), Index(1)).unwrap();
    assert_eq!((one.values.0, one.extras.relevance_kept.unwrap()[0]), (array![[0.0, -21.0]], 0.0));
}

/// At x = (1, 2), a / b = 1 / 3: the divisor is held constant, and has no share.
#[test]
fn a_quotient_is_its_numerator() {
    let x = array![[1.0, 2.0]];
    let model = Two(layer([3.0, -1.0], None), layer([2.0, 0.5], None), |a, b| a / b);
    for rule in [LrpRule::Zero, LrpRule::Epsilon(1e-15)] {
        let why = explain(&by(rule), &model, &x, 0);
        assert_close(&why.values, &array![[1.0, -2.0 / 3.0]].into_dyn(), 1e-13, "numerator");
    }
    // A bias of the divisor is a number of it like another; one of the numerator keeps 2 / 4 of y = 3 / 4.
    let biased = Two(layer([3.0, -1.0], Some(2.0)), layer([2.0, 0.5], Some(1.0)), |a, b| a / b);
    let why = explain(&by(LrpRule::Zero), &biased, &x, 0);
    assert_close(&why.values, &array![[0.75, -0.5]].into_dyn(), 1e-14, "numerator with a bias");
    assert!((why.extras.relevance_kept.unwrap()[0] - 0.5).abs() < 1e-14);
    // Over a value alone, there is no numerator to hand on to.
    let under = Two(layer([3.0, -1.0], None), layer([2.0, 0.5], None), |a, b| {
        let one = a.constant(tensor(&array![[1.0]].into_dyn()));
        a + one / b
    });
    let error = Lrp::default().analyze(&under, &x, Index(0)).unwrap_err();
    assert!(matches!(error.root(), Error::NoRule { .. }), "{error}");
}

/// SwiGLU: y = W₃ (silu(W₂ x) ⊙ W₁ x).
struct SwiGlu {
    up: Linear<B>,
    gate: Linear<B>,
    down: Linear<B>,
}

impl Differentiable for SwiGlu {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let gate = x[0].layer("gate", &self.gate)?.silu();
        (gate * x[0].layer("up", &self.up)?).layer("down", &self.down)
    }
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// With u = W₁ x, g = W₂ x: half of each product goes through u, and half through silu(g), by its slope from 0, which
/// is sigmoid(g). So x · Σₖ ½ W₃ₖ (silu(gₖ) W₁ₖ + uₖ sigmoid(gₖ) W₂ₖ), which adds up to y.
#[test]
fn swi_glu_by_hand() {
    let bare = |seed, outputs, inputs| Linear::<B>::new(weight(seed, &[outputs, inputs]), None).unwrap();
    let (x, index) = (rows(4, 3, 4), 1);
    for model in [
        SwiGlu { up: bare(1, 6, 4), gate: bare(2, 6, 4), down: bare(3, 3, 6) },
        SwiGlu { up: linear(1, 6, 4), gate: linear(2, 6, 4), down: linear(3, 3, 6) },
    ] {
        let has_biases = model.up.bias.is_some();
        let [w1, w2, w3] = [&model.up, &model.gate, &model.down].map(|layer| array2(&layer.weight));
        for rule in [LrpRule::Zero, LrpRule::Epsilon(1e-14)] {
            let why = explain(&by(rule), &model, &x, index);
            let kept = why.extras.relevance_kept.unwrap();
            for (sample, x) in x.rows().into_iter().enumerate() {
                let (u, g) = (forward(&model.up, &x.to_owned()), forward(&model.gate, &x.to_owned()));
                let (slope, silu) = (g.mapv(sigmoid), g.mapv(|g| g * sigmoid(g)));
                let halves = &w3.row(index) * 0.5;
                let m: Array1<f64> = (&halves * &silu).dot(&w1) + (&halves * &u * &slope).dot(&w2);
                let got: ArrayD<f64> = why.values.index_axis(Axis(0), sample).to_owned();
                assert_close(&got, &(m * x).into_dyn(), 1e-10, "SwiGLU");
                // Biases keep theirs: each half's own, and the last layer's whole.
                let of = |layer: &Linear<B>| {
                    let bias = layer.bias.as_ref().map(|bias| bias.tensor().download().unwrap());
                    bias.map_or(Array1::zeros(layer.weight.shape()[0]), |b| b.into_dimensionality().unwrap())
                };
                let (b1, b2, b3): (Array1<f64>, Array1<f64>, Array1<f64>) =
                    (of(&model.up), of(&model.gate), of(&model.down));
                let expected = (&halves * &silu).dot(&b1) + (&halves * &u * &slope).dot(&b2) + b3[index];
                assert!((kept[sample] - expected).abs() < 1e-10, "{} {expected}", kept[sample]);
                assert!(has_biases == (expected != 0.0));
            }
        }
    }
}
