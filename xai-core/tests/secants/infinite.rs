//! What masks hide is infinite inside of a network whose output is finite: so is every explanation of it.

use ndarray::{Array2, ArrayD, Axis, concatenate};
use xai_core::nn::{Activation, Linear, MaxPool2d, Pad2d};
use xai_core::rules::{Composite, LrpRule, Unknown};
use xai_core::{
    Analyzer, DeepLift, Differentiable, FullGrad, Gradient, Index, IntegratedGradients, Lrp, Quadrature, Result, Var,
    Weight,
};

use crate::models::B;
use crate::models::differences::{differences, linear, noise, output, relative_error, tensor};

const NOT: f64 = f64::NEG_INFINITY;

/// How numbers are hidden in the middle of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// max(h, m), where m is -∞ at some places.
    Max,
    /// min(h, m), where m is ∞ at some places.
    Min,
    /// softmax(max(h + m, n)), -∞ on both sides at one place.
    BothHidden,
    /// softmax(h + m)
    Added,
    /// log softmax(h + m), where it is seen
    Logarithm,
    /// softmax(h where it is seen, else -∞)
    Chosen,
    /// relu(h + m)
    Rectified,
    /// silu(h + m) where it is seen, else 0
    Gated,
    /// softmax of the maxima of windows, of which those at the corners see -∞ alone
    Pooled,
}

const ALL: [Kind; 9] = [
    Kind::Max,
    Kind::Min,
    Kind::BothHidden,
    Kind::Added,
    Kind::Logarithm,
    Kind::Chosen,
    Kind::Rectified,
    Kind::Gated,
    Kind::Pooled,
];

struct Masked {
    kind: Kind,
    first: Linear<B>,
    last: Linear<B>,
    /// 0 and -∞
    mask: Weight<B>,
    /// The same at one place, other numbers elsewhere.
    others: Weight<B>,
    /// The negative of the latter: ∞.
    above: Weight<B>,
    seen: Weight<B>,
    hidden: Weight<B>,
    zero: Weight<B>,
}

fn masked(kind: Kind) -> Masked {
    let row = |numbers: [f64; 4]| Weight::from(tensor(&ndarray::arr2(&[numbers]).into_dyn()));
    let number = |n: f64| Weight::from(tensor(&ndarray::arr0(n).into_dyn()));
    Masked {
        kind,
        first: linear(1, 4, 3),
        last: linear(2, 2, if kind == Kind::Pooled { 25 } else { 4 }),
        mask: row([0.0, NOT, 0.0, NOT]),
        others: row([0.1, NOT, NOT, -0.2]),
        above: row([-0.1, -NOT, -NOT, 0.2]),
        seen: row([1.0, 0.0, 1.0, 0.0]),
        hidden: number(NOT),
        zero: number(0.0),
    }
}

impl Differentiable for Masked {
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let h = inputs[0].layer("first", &self.first)?;
        let [mask, others, above, seen, hidden, zero] =
            [&self.mask, &self.others, &self.above, &self.seen, &self.hidden, &self.zero]
                .map(|w| h.constant((*w).clone()));
        let masked = || &h + &mask;
        let y = match self.kind {
            Kind::Max => h.greater(&others).select(&h, &others),
            Kind::Min => h.less(&above).select(&h, &above),
            Kind::BothHidden => masked().greater(&others).select(&masked(), &others).softmax(-1),
            Kind::Added => masked().softmax(-1),
            Kind::Logarithm => seen.select(&masked().log_softmax(-1), &zero),
            Kind::Chosen => seen.select(&h, &hidden).softmax(-1),
            Kind::Rectified => masked().op(Activation::Relu),
            Kind::Gated => seen.select(&masked().op(Activation::Silu), &zero),
            Kind::Pooled => {
                let rows = h.shape()?[0];
                let wide = masked().reshape(&[rows, 1, 2, 2]).op(Pad2d::new(2).value(NOT));
                wide.op(MaxPool2d::new(2).stride(1)).flatten(1, -1).softmax(-1)
            }
        };
        y.layer("last", &self.last)
    }
}

fn rows(seed: u64) -> Array2<f64> {
    noise(seed, &[3, 3]).into_dimensionality().unwrap()
}

#[test]
fn gradients_are_right() {
    let x = rows(3);
    for kind in ALL {
        let model = masked(kind);
        let found = Gradient.analyze(&model, &x, Index(1)).unwrap().values.into_dyn();
        let sum = |inputs: &[ArrayD<f64>]| output(&model, inputs).index_axis(Axis(1), 1).sum();
        let expected = differences(sum, &[x.clone().into_dyn()], 0);
        assert!(found.iter().any(|n| *n != 0.0), "{kind:?}");
        assert!(relative_error(&found, &expected) < 1e-7, "{kind:?}: {found} for {expected}");
    }
}

#[test]
fn secants_are_finite_and_what_the_path_integral_is() {
    let x = rows(4);
    for kind in ALL {
        let model = masked(kind);
        let path = |n: usize, rule| IntegratedGradients::new().n(n).quadrature(rule).reference(&(&x * -0.5)).chunk(7);
        let of = |n, rule| {
            let found = path(n, rule).analyze(&model, &x, Index(1));
            found.unwrap_or_else(|error| panic!("{kind:?} by {rule:?}: {error}"))
        };
        let truth = of(4000, Quadrature::Midpoint).values.into_dyn();
        let why = of(400, Quadrature::Secant);
        let error = relative_error(&why.values.into_dyn(), &truth);
        assert!(error < 5e-3, "{kind:?}: {error}");
        let gaps = why.extras.completeness_gap.unwrap();
        assert!(gaps.iter().all(|gap| gap.abs() < 5e-3), "{kind:?}: {gaps:?}");
        // A batch is its samples, also in chunks that begin anew.
        let alone = [0, 1, 2].map(|i| {
            let one = x.select(Axis(0), &[i]);
            let path = IntegratedGradients::new().n(6).quadrature(Quadrature::Secant).chunk(4);
            path.analyze(&model, &one, Index(1)).unwrap().values
        });
        let alone = concatenate(Axis(0), &alone.each_ref().map(|values| values.view())).unwrap();
        let path = IntegratedGradients::new().n(6).quadrature(Quadrature::Secant).chunk(64);
        let together = path.analyze(&model, &x, Index(1)).unwrap().values;
        assert!(relative_error(&together.into_dyn(), &alone.into_dyn()) < 1e-12, "{kind:?}");
    }
}

#[test]
fn relevance_and_biases_are_finite() {
    let x = rows(5);
    // Relevance is a share of an activation's value, and silu(-∞) is NaN, as in the frameworks.
    for kind in ALL.into_iter().filter(|kind| *kind != Kind::Gated) {
        let model = masked(kind);
        for rule in [LrpRule::Zero, LrpRule::Epsilon(1e-6), LrpRule::Gamma(0.25), LrpRule::ZPlus] {
            let lrp = Lrp::new(Composite::new().all(rule.clone())).unknown(Unknown::Gradient);
            let found = lrp.analyze(&model, &x, Index(1));
            let values = found.unwrap_or_else(|error| panic!("{kind:?} by {rule:?}: {error}")).values;
            assert!(values.iter().all(|n| n.is_finite()), "{kind:?} by {rule:?}: {values}");
        }
        let lift = DeepLift::new().unknown(Unknown::Gradient).analyze(&model, &x, Index(1)).unwrap().values;
        assert!(lift.iter().all(|n| n.is_finite()), "{kind:?}: {lift}");
        let biases = FullGrad::new().unknown(Unknown::Gradient).decompose(&model, &x, Index(1)).unwrap();
        let finite = biases.biases.iter().all(|(_, part)| part.iter().all(|n| n.is_finite()));
        assert!(finite, "{kind:?}: {biases:?}");
    }
}

#[test]
fn slopes_have_their_limits() {
    let at = |f: Activation, a: f64, b: f64| f.mean_slope(a, b);
    assert_eq!(at(Activation::Relu, 0.0, -NOT), 1.0);
    assert_eq!(at(Activation::Relu, NOT, -NOT), 0.5);
    for f in [Activation::Relu, Activation::Silu, Activation::Gelu, Activation::GeluTanh, Activation::Mish] {
        assert_eq!((at(f, NOT, NOT), at(f, -NOT, -NOT)), (0.0, 1.0), "{f:?}");
        assert_eq!((f.derivative(NOT), f.derivative(-NOT)), (0.0, 1.0), "{f:?}");
    }
    assert_eq!((Activation::HardSwish.derivative(NOT), Activation::HardSwish.derivative(-NOT)), (0.0, 1.0));
    let slope = at(Activation::Softplus, NOT, 3.0);
    assert!((0.0..1e-300).contains(&slope), "{slope}");
    assert!(at(Activation::Relu, f64::NAN, 1.0).is_nan());
}
