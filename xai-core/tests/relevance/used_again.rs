//! One layer that is used three times, one bias and one constant that are used again: each use goes back by itself.

use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, Zip, array};
use xai_core::nn::{AdaptiveAvgPool2d, Conv2d, Linear};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{
    Crp, Deconvolution, DeepLift, DeepLiftShap, Differentiable, ExcitationBackprop, FullGrad, GuidedBackprop, Index,
    InputTimesGradient, Result, Var, Weight,
};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor};
use crate::relevance::by_hand::{array2, back, forward};
use crate::relevance::lrp::all_rules;
use crate::relevance::nets::{assert_close, explain, rows, values};

/// h₁ = relu(L x + c), h₂ = relu(L h₁ + c), y = V h₂ + b, where V is another weight with L's own bias b; c may be none.
struct Again {
    layer: Linear<B>,
    last: Linear<B>,
    constant: Option<Weight<B>>,
}

fn again(constant: bool) -> Again {
    let layer = linear(1, 4, 4);
    let last = Linear { weight: linear(2, 4, 4).weight, bias: layer.bias.clone() };
    Again { layer, last, constant: constant.then(|| tensor(&(noise(3, &[4]) * 0.2)).into()) }
}

impl Differentiable for Again {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let constant = self.constant.as_ref().map(|c| x[0].constant(c.clone()));
        let plus = |x: Var<'m, B>| constant.as_ref().map_or_else(|| x.clone(), |c| &x + c);
        let first = x[0].within("first", || Ok(plus(x[0].layer("layer", &self.layer)?).relu()))?;
        let second = x[0].within("second", || Ok(plus(first.layer("layer", &self.layer)?).relu()))?;
        second.layer("last", &self.last)
    }
}

/// The numbers of a network, and its values at x.
struct Numbers {
    w: Array2<f64>,
    v: Array2<f64>,
    b: Array1<f64>,
    c: Array1<f64>,
}

impl Again {
    fn numbers(&self) -> Numbers {
        let of = |weight: Option<&Weight<B>>| {
            let array = weight.map(|w| w.tensor().download().unwrap().into_dimensionality::<Ix1>().unwrap());
            array.unwrap_or_else(|| Array1::zeros(4))
        };
        let (w, v) = (array2(&self.layer.weight), array2(&self.last.weight));
        Numbers { w, v, b: of(self.layer.bias.as_ref()), c: of(self.constant.as_ref()) }
    }
}

impl Numbers {
    /// What both rectifiers are given.
    fn units(&self, x: &Array1<f64>) -> [Array1<f64>; 2] {
        let first = self.w.dot(x) + &self.b + &self.c;
        let second = self.w.dot(&first.mapv(|z| z.max(0.0))) + &self.b + &self.c;
        [first, second]
    }
}

fn is_above(z: &Array1<f64>) -> Array1<f64> {
    z.mapv(|z| f64::from(u8::from(z > 0.0)))
}

#[track_caller]
fn close(got: &ArrayD<f64>, sample: usize, expected: Array1<f64>, what: &str) {
    assert_close(&got.index_axis(Axis(0), sample).to_owned(), &expected.into_dyn(), 1e-11, what);
}

const INDEX: usize = 2;

#[test]
fn deconvolution_and_guided_backpropagation() {
    let x = rows(4, 5, 4);
    for model in [again(false), again(true)] {
        let n = model.numbers();
        let deconvolution = values(&Deconvolution::new(), &model, &x, INDEX);
        let guided = values(&GuidedBackprop::new(), &model, &x, INDEX);
        for (sample, x) in x.rows().into_iter().enumerate() {
            let [first, second] = n.units(&x.to_owned());
            let above = |v: Array1<f64>| v.mapv(|v| v.max(0.0));
            let v = above(n.v.row(INDEX).to_owned()).dot(&n.w);
            close(&deconvolution, sample, above(v).dot(&n.w), "deconvolution");
            let v = (above(n.v.row(INDEX).to_owned()) * is_above(&second)).dot(&n.w);
            close(&guided, sample, (above(v) * is_above(&first)).dot(&n.w), "guided");
        }
    }
}

/// (x - x₀) · Wᵀ (s₁ · Wᵀ (s₂ · v)) with the slopes sᵢ = Δ relu / Δ z of each use.
fn lifted(n: &Numbers, x: &Array1<f64>, x0: &Array1<f64>) -> Array1<f64> {
    let (at, from) = (n.units(x), n.units(x0));
    let slope = |i: usize| {
        let both = Zip::from(&at[i]).and(&from[i]);
        both.map_collect(|&z, &z0| (z.max(0.0) - z0.max(0.0)) / (z - z0))
    };
    let m = (&n.v.row(INDEX) * &slope(1)).dot(&n.w);
    (m * slope(0)).dot(&n.w) * (x - x0)
}

#[test]
fn deep_lift_of_one_reference_and_of_a_set() {
    let (x, x0, set) = (rows(4, 5, 4), rows(5, 5, 4), rows(6, 3, 4));
    for model in [again(false), again(true)] {
        let n = model.numbers();
        let one = values(&DeepLift::new().reference(&x0), &model, &x, INDEX);
        let mean = values(&DeepLiftShap::new(&set), &model, &x, INDEX);
        for (sample, x) in x.rows().into_iter().enumerate() {
            let x = x.to_owned();
            close(&one, sample, lifted(&n, &x, &x0.row(sample).to_owned()), "DeepLift");
            let of_set = set.rows().into_iter().map(|x0| lifted(&n, &x, &x0.to_owned()));
            close(&mean, sample, of_set.reduce(|a, b| a + b).unwrap() / 3.0, "DeepLiftShap");
        }
    }
}

/// b · ∂y/∂z of each use by itself, under the name that leads to it.
#[test]
fn full_gradients_have_a_part_for_each_use() {
    let x = rows(4, 5, 4);
    let model = again(true);
    let n = model.numbers();
    let parts = FullGrad::new().decompose(&model, &x, Index(INDEX)).unwrap();
    let names: Vec<&str> = parts.biases.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["first.layer", "first", "second.layer", "second", "last"]);
    assert_close(&parts.input, &values(&InputTimesGradient, &model, &x, INDEX), 1e-14, "the input's part");
    for (sample, x) in x.rows().into_iter().enumerate() {
        let [first, second] = n.units(&x.to_owned());
        let at_second = &n.v.row(INDEX) * &is_above(&second);
        let at_first = at_second.dot(&n.w) * is_above(&first);
        let mut at_last = Array1::zeros(4);
        at_last[INDEX] = 1.0;
        let expected = [&at_first * &n.b, &at_first * &n.c, &at_second * &n.b, &at_second * &n.c, at_last * &n.b];
        let mut total = parts.input.index_axis(Axis(0), sample).sum();
        for ((name, part), expected) in parts.biases.iter().zip(expected) {
            total += expected.sum();
            close(part, sample, expected, name);
        }
        assert!((total - parts.output[[sample, INDEX]]).abs() < 1e-13);
    }
}

/// A convolution that is used twice, times 2 and 1 more, has two parts: y is the mean of 2 (2 x + 1) + 1. In the map
/// they are nothing, for each is the same everywhere.
#[test]
fn full_gradients_of_a_convolution_used_twice() {
    struct Twice(Conv2d<B>);
    impl Differentiable for Twice {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let maps = x[0].layer("conv", &self.0)?.layer("conv", &self.0)?;
            Ok(maps.op(AdaptiveAvgPool2d::global()).flatten(1, -1))
        }
    }
    let kernel = tensor(&ArrayD::from_elem(vec![1, 1, 1, 1], 2.0));
    let model = Twice(Conv2d::new(kernel, tensor(&array![1.0].into_dyn())).unwrap());
    let x = ndarray::Array4::from_shape_vec((1, 1, 1, 2), vec![1.0, 4.0]).unwrap();
    let parts = FullGrad::new().decompose(&model, &x, 0).unwrap();
    assert_eq!(parts.input, ArrayD::from_shape_vec(vec![1, 1, 1, 2], vec![2.0, 8.0]).unwrap());
    let sums: Vec<f64> = parts.biases.iter().map(|(_, part)| part.sum()).collect();
    assert_eq!((sums, parts.output[[0, 0]]), (vec![2.0, 1.0], 13.0));
    let why = explain(&FullGrad::new(), &model, &x, 0);
    assert_eq!(why.values, ArrayD::from_shape_vec(vec![1, 1, 1, 2], vec![0.0, 1.0]).unwrap());
    assert_eq!(why.extras.completeness_gap, Some(vec![0.0]));
}

/// Relevance of one use's channels alone, handed on as the rules are written; the other use keeps all of its own.
#[test]
fn concepts_at_one_of_both_uses() {
    let (model, x) = (again(false), rows(4, 5, 4));
    for rule in all_rules() {
        for (place, channels) in [("first", vec![0, 3]), ("second", vec![1, 2, 3])] {
            let crp = Crp::new(Composite::new().all(rule.clone())).stabilizer(1e-14).condition(place, &channels);
            let got = values(&crp, &model, &x, INDEX);
            for (sample, x) in x.rows().into_iter().enumerate() {
                let hidden = model.numbers().units(&x.to_owned()).map(|z| z.mapv(|z| z.max(0.0)));
                let only = |r: Array1<f64>, at: &str| {
                    Array1::from_shape_fn(4, |k| if at == place && !channels.contains(&k) { 0.0 } else { r[k] })
                };
                let mut start = Array1::zeros(4);
                start[INDEX] = forward(&model.last, &hidden[1])[INDEX];
                let r = only(back(&rule, &model.last, &hidden[1], &start), "second");
                let r = only(back(&rule, &model.layer, &hidden[0], &r), "first");
                close(&got, sample, back(&rule, &model.layer, &x.to_owned(), &r), &format!("{rule:?} at {place}"));
            }
        }
    }
}

/// From 1 at the output, by positive contributions without biases.
#[test]
fn excitation_backpropagation() {
    let (model, x) = (again(false), rows(4, 5, 4));
    let got = values(&ExcitationBackprop::new().stabilizer(1e-14), &model, &x, INDEX);
    for (sample, x) in x.rows().into_iter().enumerate() {
        let hidden = model.numbers().units(&x.to_owned()).map(|z| z.mapv(|z| z.max(0.0)));
        let mut r = Array1::zeros(4);
        r[INDEX] = 1.0;
        for (layer, x) in [(&model.last, &hidden[1]), (&model.layer, &hidden[0]), (&model.layer, &x.to_owned())] {
            r = back(&LrpRule::Excitation, layer, x, &r);
        }
        close(&got, sample, r, "excitation");
    }
}
