//! Relevance itself, handed on contribution by contribution as the rules are written in the papers.

use ndarray::{Array1, Array2, Array4, ArrayD, Axis, Ix1, Ix2, array};
use xai_core::nn::{Activation, Conv2d, ConvTranspose2d, Flatten, Linear, Residual, Sequential};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{Differentiable, Layer, Lrp, Op, Result, Var};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor, weight};
use crate::relevance::lrp::{all_rules, by};
use crate::relevance::nets::{Biases, assert_close, conv, explain, norm, photos, rows, values};

pub(super) fn array2(w: &xai_core::Weight<B>) -> Array2<f64> {
    w.tensor().download().unwrap().into_dimensionality::<Ix2>().unwrap()
}

fn bias_of(layer: &Linear<B>) -> Array1<f64> {
    let bias = layer.bias.as_ref().map(|bias| bias.tensor().download().unwrap());
    let bias = bias.map(|bias| bias.into_dimensionality::<Ix1>().unwrap());
    bias.unwrap_or_else(|| Array1::zeros(layer.weight.shape()[0]))
}

/// How much of relevance `r` of z = w · x + b goes to each input, by the parts that contributions have by a rule.
fn of_unit(rule: &LrpRule, w: &[f64], b: f64, x: &[f64], r: f64) -> Vec<f64> {
    let c: Vec<f64> = w.iter().zip(x).map(|(w, x)| w * x).collect();
    let z = c.iter().sum::<f64>() + b;
    let shared = |part: &dyn Fn(f64) -> f64, bias: f64, r: f64| -> Vec<f64> {
        let whole = c.iter().map(|&c| part(c)).sum::<f64>() + bias;
        c.iter().map(|&c| if part(c) == 0.0 { 0.0 } else { part(c) / whole * r }).collect()
    };
    let (plus, minus) = (|c: f64| c.max(0.0), |c: f64| c.min(0.0));
    match *rule {
        LrpRule::Zero => shared(&|c| c, b, r),
        LrpRule::Epsilon(eps) => shared(&|c| c, b + if z < 0.0 { -eps } else { eps }, r),
        LrpRule::Gamma(gamma) if z >= 0.0 => shared(&|c| c + gamma * plus(c), b + gamma * plus(b), r),
        LrpRule::Gamma(gamma) => shared(&|c| c + gamma * minus(c), b + gamma * minus(b), r),
        LrpRule::AlphaBeta(alpha, beta) => {
            let (up, down) = (shared(&plus, plus(b), alpha * r), shared(&minus, minus(b), beta * r));
            up.iter().zip(down).map(|(up, down)| up - down).collect()
        }
        LrpRule::ZPlus => shared(&plus, plus(b), r),
        LrpRule::Excitation => shared(&plus, 0.0, r),
        _ => unreachable!("not of inner layers"),
    }
}

pub(super) fn back(rule: &LrpRule, layer: &Linear<B>, x: &Array1<f64>, r: &Array1<f64>) -> Array1<f64> {
    let (w, b) = (array2(&layer.weight), bias_of(layer));
    let mut found = Array1::zeros(x.len());
    for ((w, &b), &r) in w.rows().into_iter().zip(&b).zip(r) {
        found += &Array1::from(of_unit(rule, &w.to_vec(), b, x.as_slice().unwrap(), r));
    }
    found
}

pub(super) fn forward(layer: &Linear<B>, x: &Array1<f64>) -> Array1<f64> {
    array2(&layer.weight).dot(x) + bias_of(layer)
}

/// x ↦ W₂ relu(W₁ x + b₁) + b₂ + x, four times, with rectifiers in between, and classes.
#[test]
fn residual_blocks() {
    let layers: Vec<[Linear<B>; 2]> = (0..4).map(|i| [linear(2 * i, 7, 6), linear(2 * i + 1, 6, 7)]).collect();
    let classes = linear(20, 3, 6);
    let mut model = Sequential::<B>::new();
    for [first, second] in layers.clone() {
        let body = Sequential::new().push(first).push(Activation::Relu).push(second);
        model = model.push(Residual::new(body)).push(Activation::Relu);
    }
    let (model, x) = (model.push(classes.clone()), rows(30, 3, 6));
    let relu = |x: &Array1<f64>| x.mapv(|x| x.max(0.0));
    for rule in all_rules() {
        let got = values(&by(rule.clone()), &model, &x, 2);
        for (sample, got) in x.rows().into_iter().zip(got.axis_iter(Axis(0))) {
            let mut inputs = vec![sample.to_owned()];
            for [first, second] in &layers {
                let x = &inputs[inputs.len() - 1];
                inputs.push(relu(&(forward(second, &relu(&forward(first, x))) + x)));
            }
            let last = &inputs[4];
            let y = forward(&classes, last);
            let mut r = back(&rule, &classes, last, &Array1::from_shape_fn(3, |k| if k == 2 { y[2] } else { 0.0 }));
            for ([first, second], x) in layers.iter().zip(&inputs).rev() {
                // A sum's relevance goes to both sides in proportion; where it is rectified there is none.
                let hidden = relu(&forward(first, x));
                let body = forward(second, &hidden);
                let sum = &body + x;
                let part = |side: &Array1<f64>| {
                    let mut part = side / &sum * &r;
                    part.zip_mut_with(&sum, |part, sum| *part *= f64::from(u8::from(*sum > 0.0)));
                    part
                };
                let of_body = back(&rule, second, &hidden, &part(&body));
                r = back(&rule, first, x, &of_body) + part(x);
            }
            assert_close(&got.to_owned().into_dyn(), &r.into_dyn(), 1e-9, &format!("{rule:?}"));
        }
    }
}

/// The sum on which nothing is rectified: units with z < 0 hand on too.
#[test]
fn units_below_zero() {
    let (first, second) = (linear(1, 6, 5), linear(2, 3, 6));
    let model = Sequential::<B>::new().push(first.clone()).push(second.clone());
    let x = rows(3, 4, 5);
    for rule in all_rules() {
        let got = values(&by(rule.clone()), &model, &x, 0);
        for (x, got) in x.rows().into_iter().zip(got.axis_iter(Axis(0))) {
            let hidden = forward(&first, &x.to_owned());
            let y = forward(&second, &hidden);
            let r = back(&rule, &second, &hidden, &array![y[0], 0.0, 0.0]);
            let r = back(&rule, &first, &x.to_owned(), &r);
            assert_close(&got.to_owned().into_dyn(), &r.into_dyn(), 1e-9, &format!("{rule:?}"));
        }
    }
}

/// Units that are cut on both sides hand all of theirs on, but for those below zero.
#[test]
fn clamped_units() {
    let (first, second) = (linear(1, 6, 5), linear(2, 3, 6));
    let model = Sequential::<B>::new().push(first.clone()).push(Activation::Relu6).push(second.clone());
    let x = rows(3, 8, 5) * 12.0;
    let (mut below, mut above) = (false, false);
    for rule in all_rules() {
        let got = values(&by(rule.clone()), &model, &x, 0);
        for (x, got) in x.rows().into_iter().zip(got.axis_iter(Axis(0))) {
            let z = forward(&first, &x.to_owned());
            let hidden = z.mapv(|z| z.clamp(0.0, 6.0));
            (below, above) = (below || z.iter().any(|&z| z < 0.0), above || z.iter().any(|&z| z > 6.0));
            let y = forward(&second, &hidden);
            let r = back(&rule, &second, &hidden, &array![y[0], 0.0, 0.0]);
            let r = back(&rule, &first, &x.to_owned(), &r);
            assert_close(&got.to_owned().into_dyn(), &r.into_dyn(), 1e-9, &format!("{rule:?}"));
        }
    }
    assert!(below && above);
}

/// Units without negative contributions, and with next to none: what speaks against them is found by itself, not as a
/// difference of large numbers.
#[test]
fn units_that_hardly_anything_speaks_against() {
    for rest in [0.0, -1e-12] {
        let w = array![[1.0, 2.0, 0.5], [0.3, rest, 0.7], [-1.0, 0.4, 2.0]];
        let first = Linear::<B>::new(tensor(&w.into_dyn()), None).unwrap();
        let last = linear(2, 2, 3);
        for activation in [Activation::Relu, Activation::Relu6] {
            let model = Sequential::<B>::new().push(Activation::Relu).push(first.clone());
            let model = model.push(activation).push(last.clone());
            let x = array![[1.0, 3.0, 2.0], [0.0, 0.25, 1.5]];
            for rule in all_rules() {
                let lrp = Lrp::new(Composite::new().all(rule.clone())).stabilizer(1e-30);
                let got = values(&lrp, &model, &x, 0);
                for (x, got) in x.rows().into_iter().zip(got.axis_iter(Axis(0))) {
                    let hidden = forward(&first, &x.to_owned()).mapv(|z| activation.value(z));
                    let y = forward(&last, &hidden);
                    let r = back(&rule, &last, &hidden, &array![y[0], 0.0]);
                    let r = back(&rule, &first, &x.to_owned(), &r);
                    assert_close(&got.to_owned().into_dyn(), &r.into_dyn(), 1e-9, &format!("{rule:?} {rest}"));
                }
            }
        }
    }
}

/// A unit that its bias hides takes nothing from the others.
#[test]
fn hidden_units() {
    let w = array![[1.0, -2.0, 0.5], [0.3, -1.0, 0.7]];
    let layer =
        |bias: [f64; 2]| Linear::<B>::new(tensor(&w.clone().into_dyn()), tensor(&array![bias[0], bias[1]].into_dyn()));
    let last = linear(2, 2, 2);
    let model = |bias| Sequential::<B>::new().push(layer(bias).unwrap()).push(Activation::Relu).push(last.clone());
    let x = array![[1.0, 0.25, -2.0], [3.0, -1.0, 1.5]];
    for rule in all_rules() {
        let hidden = values(&by(rule.clone()), &model([f64::NEG_INFINITY, 0.1]), &x, 0);
        assert_close(&hidden, &values(&by(rule.clone()), &model([-1e9, 0.1]), &x, 0), 1e-9, &format!("{rule:?}"));
    }
}

/// A product with a matrix of the network's own is a dense layer, on either side.
struct Product {
    matrix: xai_core::Weight<B>,
    left: bool,
}

impl Differentiable for Product {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let matrix = x[0].constant(self.matrix.clone());
        let rows = x[0].shape()?[0];
        Ok(match self.left {
            false => x[0].matmul(&matrix),
            true => matrix.matmul(&x[0].transpose(0, 1)?).transpose(0, 1)?.reshape(&[rows, 3]),
        })
    }
}

#[test]
fn products_with_a_constant_are_dense_layers() {
    let (w, x) = (noise(1, &[3, 5]), rows(2, 4, 5));
    let dense = Linear::<B>::new(tensor(&w), None).unwrap();
    let dense = Sequential::new().push(dense);
    let right =
        Product { matrix: tensor(&w.clone().reversed_axes().as_standard_layout().to_owned()).into(), left: false };
    let left = Product { matrix: tensor(&w).into(), left: true };
    for rule in all_rules() {
        let lrp = by(rule.clone());
        let expected = values(&lrp, &dense, &x, 1);
        assert_close(&values(&lrp, &right, &x, 1), &expected, 1e-12, &format!("x W by {rule:?}"));
        assert_close(&values(&lrp, &left, &x, 1), &expected, 1e-12, &format!("W x by {rule:?}"));
    }
}

/// A layer, and its bias as a sum behind it.
struct BiasApart {
    layer: Op<B>,
    bias: xai_core::Weight<B>,
    taken_away: bool,
}

impl Differentiable for BiasApart {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let (z, bias) = (x[0].op(self.layer.clone()), x[0].constant(self.bias.clone()));
        let z = if self.taken_away { z - bias } else { bias + z };
        let z = z.relu().flatten(1, -1);
        let width = z.shape()?[1];
        Ok(z.op(last(width)))
    }
}

fn last(width: usize) -> Linear<B> {
    Linear::new(tensor(&noise(9, &[2, width])), None).unwrap()
}

/// Written as `x.matmul(&w)? + b`, or read from a file that has them as two steps: the same layer by every rule.
#[test]
fn added_constants_are_biases() {
    let (w, b) = (noise(1, &[12, 5]), noise(2, &[12]));
    let x = rows(2, 4, 5);
    let whole =
        Sequential::new().push(Linear::new(tensor(&w), tensor(&b)).unwrap()).push(Activation::Relu).push(last(12));
    let linear = Op::from(Linear::new(tensor(&w), None).unwrap());
    let dense = BiasApart { layer: linear.clone(), bias: tensor(&b).into(), taken_away: false };
    let against = BiasApart { layer: linear, bias: tensor(&-&b).into(), taken_away: true };

    let (w, c) = (noise(3, &[3, 2, 2, 2]), noise(4, &[3]));
    let photo = photos(5, 2);
    let conv = |bias: Option<xai_core::Tensor<B>>| Conv2d::new(tensor(&w), bias).unwrap();
    let one = Sequential::new()
        .push(conv(Some(tensor(&c))))
        .push(Activation::Relu)
        .push(Flatten::default())
        .push(last(3 * 8 * 7));
    let bias = c.clone().into_shape_with_order(vec![3, 1, 1]).unwrap();
    let apart = BiasApart { layer: conv(None).into(), bias: tensor(&bias).into(), taken_away: false };
    for rule in all_rules() {
        let lrp = by(rule.clone());
        let expected = values(&lrp, &whole, &x, 1);
        assert_close(&values(&lrp, &dense, &x, 1), &expected, 1e-12, &format!("x W + b by {rule:?}"));
        assert_close(&values(&lrp, &against, &x, 1), &expected, 1e-12, &format!("x W - -b by {rule:?}"));
        let expected = values(&lrp, &one, &photo, 1);
        assert_close(&values(&lrp, &apart, &photo, 1), &expected, 1e-12, &format!("conv + c by {rule:?}"));
    }
}

/// A layer as the matrix that it is: the same relevance as of a dense layer.
pub(super) fn as_dense(model: &Sequential<B>, shape: &[usize]) -> Linear<B> {
    let numbers: usize = shape[1..].iter().product();
    let at = |x: ArrayD<f64>| {
        let shape = [&[x.shape()[0]], &shape[1..]].concat();
        crate::models::differences::output(model, &[x.into_shape_with_order(shape).unwrap()])
    };
    let bias = at(ArrayD::zeros(vec![1, numbers]));
    let columns = at(Array2::<f64>::eye(numbers).into_dyn()) - &bias;
    let weight = columns.reversed_axes().as_standard_layout().to_owned();
    Linear::new(tensor(&weight), tensor(&bias.index_axis(Axis(0), 0).to_owned())).unwrap()
}

/// A function of values, as a layer.
pub(super) struct Then(pub(super) for<'m> fn(Var<'m, B>) -> Var<'m, B>);

impl Layer<B> for Then {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(self.0(x))
    }
}

/// Strides, groups, dilation, padding; transposed ones; norms behind them.
#[test]
fn convolutions_are_dense_layers_of_many_zeros() {
    let grouped = {
        let bias = tensor(&(noise(5, &[6]) * 0.3));
        Conv2d::new(weight(4, &[6, 1, 3, 2]), bias).unwrap().stride([2, 1]).groups(2).padding(1).dilation([1, 2])
    };
    let transposed = || {
        let bias = tensor(&(noise(7, &[4]) * 0.3));
        ConvTranspose2d::new(weight(6, &[2, 2, 3, 3]), bias).unwrap().stride(2).padding(1).groups(2)
    };
    let x: Array4<f64> = photos(3, 2).slice(ndarray::s![.., .., ..4, ..5]).as_standard_layout().to_owned();
    let models = [
        Sequential::<B>::new().push(conv(1, 3, 2, Biases::With)),
        Sequential::new().push(conv(1, 4, 2, Biases::Without)).push(norm(2, 4, Biases::With)),
        Sequential::new().push(grouped).push(norm(3, 6, Biases::With)),
        Sequential::new().push(transposed()),
        Sequential::new().push(transposed()).push(norm(8, 4, Biases::With)).push(Then(|x| x.affine(-0.5, 0.1))),
    ];
    for model in models {
        let model = model.push(Flatten::default());
        let dense = Sequential::new().push(as_dense(&model, x.shape()));
        let flat = x.clone().into_shape_with_order((2, 40)).unwrap();
        for rule in all_rules() {
            let lrp = by(rule.clone());
            for index in [0, 7, 19] {
                let got = values(&lrp, &model, &x, index).into_shape_with_order(vec![2, 40]).unwrap();
                assert_close(&got, &values(&lrp, &dense, &flat, index), 1e-9, &format!("{rule:?}"));
            }
        }
        for rule in [LrpRule::WSquare, LrpRule::z_box(-1.5, 2.0)] {
            let lrp = Lrp::new(Composite::new().first(rule.clone())).stabilizer(1e-14);
            let got = values(&lrp, &model, &x, 5).into_shape_with_order(vec![2, 40]).unwrap();
            // Squares of a layer with a norm are those of the two together.
            assert_close(&got, &values(&lrp, &dense, &flat, 5), 1e-9, &format!("{rule:?}"));
        }
    }
}

#[test]
fn first_layers_by_hand() {
    let layer = linear(1, 3, 4);
    let (model, x) = (Sequential::<B>::new().push(layer.clone()), rows(2, 3, 4));
    let (w, b) = (array2(&layer.weight), bias_of(&layer));
    let of = |rule: LrpRule| values(&Lrp::new(Composite::new().first(rule)).stabilizer(1e-15), &model, &x, 1);
    let (low, high) = (array![-1.0, -2.0, -1.5, -1.0], array![1.0, 1.5, 2.0, 1.0]);
    let (flat, square, boxed) = (of(LrpRule::Flat), of(LrpRule::WSquare), of(LrpRule::z_box(&low, &high)));
    let w = w.row(1);
    for (i, x) in x.rows().into_iter().enumerate() {
        let y = w.dot(&x) + b[1];
        let squares = w.mapv(|w| w * w);
        let part = &w * &x - &low * &w.mapv(|w| w.max(0.0)) - &high * &w.mapv(|w| w.min(0.0));
        let whole = |expected: Array1<f64>, got: &ArrayD<f64>, name: &str| {
            assert_close(&got.index_axis(Axis(0), i).to_owned(), &expected.into_dyn(), 1e-12, name);
        };
        whole(Array1::from_elem(4, y / 4.0), &flat, "flat");
        whole(&squares / squares.sum() * y, &square, "w²");
        whole(&part / part.sum() * y, &boxed, "z-box");
    }
    // Also to inputs that are 0.
    let nothing = explain(&Lrp::new(Composite::new().first(LrpRule::Flat)), &model, &Array2::<f64>::zeros((1, 4)), 1);
    assert!((nothing.values.sum() - b[1]).abs() < 1e-5 && nothing.values[[0, 2]] != 0.0);
}

/// What a network does before its first layer, and around it: relevance stays where it is, and adds up.
#[test]
fn relevance_passes_what_moves_and_scales_in_front_of_the_first_layer() {
    let dense = |seed, outputs, inputs| Linear::<B>::new(weight(seed, &[outputs, inputs]), None).unwrap();
    let scaled = Sequential::<B>::new()
        .push(Then(|x| x.affine(2.0, 0.0)))
        .push(norm(5, 4, Biases::Without))
        .push(Then(|x| x.reshape(&[2, 2, 2]).flatten(1, -1)))
        .push(Residual::new(Sequential::new().push(dense(1, 4, 4)).push(Activation::Relu)))
        .push(dense(2, 3, 4));
    let x = rows(3, 2, 4);
    for rule in [LrpRule::Flat, LrpRule::WSquare, LrpRule::z_box(-3.0, 3.0)] {
        let named = Composite::new().all(LrpRule::ZPlus).named("3.body.0", rule.clone());
        let why = explain(&Lrp::new(named).stabilizer(1e-14), &scaled, &x, 1);
        let kept = why.extras.relevance_kept.unwrap();
        assert!(kept.iter().all(|kept| kept.abs() < 1e-10), "{rule:?}: {kept:?}");
        // By hand: what goes around the layer is the value's share, what goes through it the rule's.
        let plain = explain(&Lrp::new(Composite::new().all(LrpRule::ZPlus)).stabilizer(1e-14), &scaled, &x, 1);
        assert!((&why.values - &plain.values).iter().any(|gap| gap.abs() > 1e-3));
    }
}
