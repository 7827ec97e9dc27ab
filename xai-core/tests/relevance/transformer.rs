//! A block of a transformer: where its relevance adds up to the output, and where it does not.
//!
//! Norms by their deviation, attention after AttnLRP, activations by their slope from 0: with all of that held as it is
//! at x, the block is affine. Relevance is the linear part of that affine function, and what is kept its constant, plus
//! what the softmax keeps: going back by its gradient, A ≈ A + J (s - s₀), it hands on J s of A.

use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, s};
use xai_core::nn::{LayerNorm, Linear, MultiHeadAttention, RmsNorm};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{Analyzer, Differentiable, Given, Index, Layer, Lrp, Result, Var, Weight};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor, weight};
use crate::relevance::by_hand::array2;
use crate::relevance::lrp::{all_rules, by};
use crate::relevance::nets::{assert_close, values};

const TOKENS: usize = 3;
const WIDTH: usize = 4;
const HEADS: usize = 2;
const EPS: f64 = 1e-5;

/// x₁ = x + attention(norm x), x₂ = x₁ + down(gelu(up(norm x₁))), y = head(x₂).
struct Block {
    norms: [Box<dyn Layer<B> + Send + Sync>; 2],
    scales: [ArrayD<f64>; 2],
    shifts: Option<[ArrayD<f64>; 2]>,
    /// Queries, keys, values, the output; up and down; the head.
    layers: [Linear<B>; 7],
    attention: MultiHeadAttention<B>,
}

/// Without biases, with RMS norms; or with biases and layer norms.
fn block(biases: bool) -> Block {
    let layer = |(seed, [outputs, inputs]): (u64, [usize; 2])| match biases {
        true => linear(seed, outputs, inputs),
        false => Linear::new(weight(seed, &[outputs, inputs]), None).unwrap(),
    };
    let square = [WIDTH, WIDTH];
    let layers = [
        (1, square),
        (2, square),
        (3, square),
        (4, square),
        (5, [6, WIDTH]),
        (6, [WIDTH, 6]),
        (7, [2, TOKENS * WIDTH]),
    ];
    let layers = layers.map(layer);
    let [q, k, v, o] = [0, 1, 2, 3].map(|i| layers[i].clone());
    let scales = [10, 11].map(|seed| noise(seed, &[WIDTH]) + 1.5);
    let shifts = biases.then(|| [12, 13].map(|seed| noise(seed, &[WIDTH]) * 0.4));
    let norm = |i: usize| -> Box<dyn Layer<B> + Send + Sync> {
        match &shifts {
            Some(shifts) => Box::new(LayerNorm::new(tensor(&scales[i]), tensor(&shifts[i]), EPS).unwrap()),
            None => Box::new(RmsNorm::new(tensor(&scales[i]), EPS).unwrap()),
        }
    };
    let attention = MultiHeadAttention::new(HEADS, q, k, v, o).unwrap();
    Block { norms: [norm(0), norm(1)], scales, shifts, layers, attention }
}

/// Tokens look at each other; or, where there is a second input, as that one says.
impl Differentiable for Block {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let normed = x[0].layer("norm1", &self.norms[0])?;
        let looks = x.get(1).unwrap_or(&normed);
        let x1 = &x[0] + &self.attention.attend(looks, looks, &normed, None)?;
        let hidden = x1.layer("norm2", &self.norms[1])?.layer("up", &self.layers[4])?.gelu();
        let x2 = &x1 + &hidden.layer("down", &self.layers[5])?;
        x2.flatten(1, -1).layer("head", &self.layers[6])
    }
}

fn one_axis(bias: Option<&Weight<B>>) -> Option<Array1<f64>> {
    bias.map(|bias| bias.tensor().download().unwrap().into_dimensionality::<Ix1>().unwrap())
}

fn apply(layer: &Linear<B>, x: &Array2<f64>) -> Array2<f64> {
    let y = x.dot(&array2(&layer.weight).t());
    one_axis(layer.bias.as_ref()).map_or_else(|| y.clone(), |bias| &y + &bias)
}

fn gelu(z: f64) -> f64 {
    xai_core::nn::Activation::Gelu.value(z)
}

impl Block {
    /// The norm of x', with its deviation as it is at x.
    fn norm(&self, i: usize, at: &Array2<f64>, x: &Array2<f64>) -> Array2<f64> {
        let scale = self.scales[i].clone().into_dimensionality::<Ix1>().unwrap();
        let centred = |x: &Array2<f64>| match &self.shifts {
            Some(_) => x - &x.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1)),
            None => x.clone(),
        };
        let deviation = (centred(at).mapv(|c| c * c).mean_axis(Axis(1)).unwrap() + EPS).mapv(f64::sqrt);
        let y = centred(x) / deviation.insert_axis(Axis(1)) * scale;
        match &self.shifts {
            Some(shifts) => y + shifts[i].clone().into_dimensionality::<Ix1>().unwrap(),
            None => y,
        }
    }

    /// Attention from n' with all that is not linear held at n; at other tokens' weights, where there are any.
    fn attention(&self, n: &Array2<f64>, moved: &Array2<f64>, looks: Option<&Array2<f64>>) -> [Array2<f64>; 2] {
        let [q, k, v] = [0, 1, 2].map(|i| apply(&self.layers[i], if i < 2 { looks.unwrap_or(n) } else { n }));
        let [q_, k_, v_] = [0, 1, 2].map(|i| apply(&self.layers[i], moved));
        let (mut held, mut out) = (Array2::zeros((TOKENS, WIDTH)), Array2::zeros((TOKENS, WIDTH)));
        let width = WIDTH / HEADS;
        for head in 0..HEADS {
            let part = s![.., head * width..(head + 1) * width];
            let root = (width as f64).sqrt();
            let scores = q.slice(part).dot(&k.slice(part).t()) / root;
            let exp = scores.mapv(f64::exp);
            let a = &exp / &exp.sum_axis(Axis(1)).insert_axis(Axis(1));
            out.slice_mut(part).assign(&a.dot(&v.slice(part)));
            if looks.is_some() {
                // Numbers of another input: nothing goes back there, and values have all.
                held.slice_mut(part).assign(&a.dot(&v_.slice(part)));
                continue;
            }
            // Products by halves, the softmax by its gradient.
            let s_ = (q_.slice(part).dot(&k.slice(part).t()) + q.slice(part).dot(&k_.slice(part).t())) / (2.0 * root);
            let a_ = &a * &(&s_ - &(&a * &s_).sum_axis(Axis(1)).insert_axis(Axis(1)));
            held.slice_mut(part).assign(&((a.dot(&v_.slice(part)) + a_.dot(&v.slice(part))) / 2.0));
        }
        [out, held].map(|o| apply(&self.layers[3], &o))
    }

    /// The affine function of x' that the block is while it is held at x, and y.
    fn held(&self, x: &Array2<f64>, moved: &Array2<f64>, looks: Option<&Array2<f64>>, index: usize) -> [f64; 2] {
        let (n, n_) = (self.norm(0, x, x), self.norm(0, x, moved));
        let [attended, attended_] = self.attention(&n, &n_, looks);
        let (x1, x1_) = (x + attended, moved + attended_);
        let (up, up_) =
            (apply(&self.layers[4], &self.norm(1, &x1, &x1)), apply(&self.layers[4], &self.norm(1, &x1, &x1_)));
        let slope = up.mapv(|z| gelu(z) / z);
        let x2 = x1 + apply(&self.layers[5], &up.mapv(gelu));
        let x2_ = x1_ + apply(&self.layers[5], &(up_ * slope));
        [x2, x2_].map(|x2| {
            let flat = x2.to_shape((1, TOKENS * WIDTH)).unwrap().to_owned();
            apply(&self.layers[6], &flat)[[0, index]]
        })
    }
}

/// What is found, for each sample: y, the values, what is kept; and by hand what is held constant, and what the softmax
/// keeps.
struct Found {
    y: f64,
    kept: f64,
    constant: f64,
    of_softmax: f64,
}

/// Compares every value with the affine function that is held, and says what is kept.
fn found(biases: bool, other: bool) -> Vec<Found> {
    let (model, index) = (block(biases), 1);
    let (x, looks) = (noise(20, &[3, TOKENS, WIDTH]), noise(21, &[3, TOKENS, WIDTH]));
    let rule = by(LrpRule::Zero);
    let (values, output, extras) = match other {
        false => {
            let why = rule.analyze(&model, &x, Index(index)).unwrap();
            (why.values, why.output, why.extras)
        }
        true => {
            let why = rule.analyze(&model, (&x, Given(&looks)), Index(index)).unwrap();
            (why.values.0, why.output, why.extras)
        }
    };
    let matrix = |of: &ArrayD<f64>, i: usize| of.index_axis(Axis(0), i).to_owned().into_dimensionality().unwrap();
    let mut all = Vec::new();
    for i in 0..3 {
        let (x, values): (Array2<f64>, Array2<f64>) = (matrix(&x, i), matrix(&values, i));
        let looks = other.then(|| matrix(&looks, i));
        let at = |moved: &Array2<f64>| model.held(&x, moved, looks.as_ref(), index);
        let [y, constant] = at(&Array2::zeros((TOKENS, WIDTH)));
        assert!((y - output[[i, index]]).abs() < 1e-12, "{y} {}", output[[i, index]]);
        for (place, got) in values.indexed_iter() {
            let mut one = Array2::zeros((TOKENS, WIDTH));
            one[place] = x[place];
            let expected = at(&one)[1] - constant;
            assert!((got - expected).abs() < 1e-10, "{place:?}: {got} {expected}");
        }
        let kept = extras.relevance_kept.as_ref().unwrap()[i];
        all.push(Found { y, kept, constant, of_softmax: y - at(&x)[1] });
    }
    all
}

#[test]
fn without_biases_and_with_given_attention_all_relevance_arrives() {
    for Found { y, kept, constant, of_softmax } in found(false, true) {
        assert!(y.abs() > 1e-2 && kept.abs() < 1e-11 && constant.abs() < 1e-12 && of_softmax.abs() < 1e-12);
    }
}

#[test]
fn with_given_attention_biases_and_shifts_keep_theirs_and_nothing_else_does() {
    for Found { kept, constant, of_softmax, .. } in found(true, true) {
        assert!((kept - constant).abs() < 1e-11 && of_softmax.abs() < 1e-12, "{kept} {constant}");
        assert!(constant.abs() > 1e-2);
    }
}

/// The softmax's part of a product is ½ A m, and by its gradient ½ J s m arrives: the rest is kept, without a bias in
/// the whole network. AttnLRP's own choice.
#[test]
fn attention_by_the_gradient_of_its_softmax_does_not_conserve() {
    for Found { kept, constant, of_softmax, .. } in found(false, false) {
        assert!(constant.abs() < 1e-12 && (kept - of_softmax).abs() < 1e-11, "{kept} {of_softmax}");
        assert!(of_softmax.abs() > 1e-3, "{of_softmax}");
    }
}

#[test]
fn with_biases_attention_keeps_what_they_and_its_softmax_keep() {
    for Found { kept, constant, of_softmax, .. } in found(true, false) {
        assert!((kept - constant - of_softmax).abs() < 1e-11, "{kept} {constant} {of_softmax}");
        assert!(constant.abs() > 1e-3 && of_softmax.abs() > 1e-3);
    }
}

/// A softmax over the tokens of one sample, products of two values, and norms know nothing of the other samples.
#[test]
fn a_batch_gives_what_its_samples_give() {
    let (model, x) = (block(true), noise(20, &[3, TOKENS, WIDTH]));
    let ready = [Composite::epsilon_plus(), Composite::epsilon_alpha2_beta1(), Composite::excitation_backprop()];
    for lrp in all_rules().into_iter().map(by).chain(ready.map(Lrp::new)) {
        let all = values(&lrp, &model, &x, 1);
        for sample in 0..3 {
            let alone = values(&lrp, &model, &x.select(Axis(0), &[sample]), 1);
            assert_close(&all.select(Axis(0), &[sample]), &alone, 1e-9, &format!("{lrp:?}"));
        }
    }
}
