//! Relevance through activations, norms and attention, by hand.

use ndarray::{Array2, Axis, Ix1, array};
use xai_core::nn::{Activation, LayerNorm, Linear, Sequential};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{Analyzer, Differentiable, Index, Lrp, Result, Var};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor, weight};
use crate::relevance::by_hand::{array2, back, forward};
use crate::relevance::lrp::by;
use crate::relevance::nets::{assert_close, rows, values};

/// (f(z) - f(0)) / z of what comes back; f(0) keeps its share, unless all passes.
#[test]
fn activations_go_back_by_their_secant_from_zero() {
    let (first, second) = (linear(1, 5, 4), linear(2, 3, 5));
    let x = rows(3, 3, 4);
    for f in [
        Activation::Relu,
        Activation::Relu6,
        Activation::LeakyRelu { slope: 0.1 },
        Activation::Elu { alpha: 1.0 },
        Activation::Gelu,
        Activation::Silu,
        Activation::HardSwish,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softplus,
        Activation::Abs,
        Activation::Exp,
    ] {
        let model = Sequential::<B>::new().push(first.clone()).push_named("act", f).push(second.clone());
        for (rule, pass) in [(LrpRule::Epsilon(0.01), false), (LrpRule::ZPlus, false), (LrpRule::Epsilon(0.01), true)] {
            let composite = Composite::new().all(rule.clone());
            let composite = if pass { composite.activation(LrpRule::Pass) } else { composite };
            let got = values(&Lrp::new(composite).stabilizer(1e-14), &model, &x, 1);
            for (x, got) in x.rows().into_iter().zip(got.axis_iter(Axis(0))) {
                let z = forward(&first, &x.to_owned());
                let hidden = z.mapv(|z| f.value(z));
                let y = forward(&second, &hidden);
                let mut r = back(&rule, &second, &hidden, &array![0.0, y[1], 0.0]);
                if !pass {
                    r = &r * &((&hidden - f.value(0.0)) / &hidden.mapv(|h| if h == 0.0 { 1.0 } else { h }));
                }
                let r = back(&rule, &first, &x.to_owned(), &r);
                assert_close(&got.to_owned().into_dyn(), &r.into_dyn(), 1e-8, &format!("{f:?} by {rule:?} {pass}"));
            }
        }
    }
}

/// With σ as it is, a layer norm is linear: x · (g - mean g) / σ.
#[test]
fn norms_hold_their_deviation() {
    let (first, second) = (linear(1, 6, 4), linear(2, 3, 6));
    let (scale, shift) = (noise(5, &[6]), noise(6, &[6]));
    let norm = LayerNorm::<B>::new(tensor(&scale), tensor(&shift), 1e-5).unwrap();
    let model = Sequential::<B>::new().push(first.clone()).push(norm).push(second.clone());
    let x = rows(3, 3, 4);
    let (w1, w2) = (array2(&first.weight), array2(&second.weight));
    let got = values(&by(LrpRule::Zero), &model, &x, 2);
    let passed = Lrp::new(Composite::new().norm(LrpRule::Pass));
    let passed = values(&passed, &model, &x, 2);
    for ((x, got), passed) in x.rows().into_iter().zip(got.axis_iter(Axis(0))).zip(passed.axis_iter(Axis(0))) {
        let z = forward(&first, &x.to_owned());
        let centred = &z - z.mean().unwrap();
        let deviation = (centred.mapv(|c| c * c).mean().unwrap() + 1e-5).sqrt();
        let scale = scale.clone().into_dimensionality::<Ix1>().unwrap();
        let g = &w2.row(2) * &scale / deviation;
        let m = &g - g.mean().unwrap();
        assert_close(&got.to_owned().into_dyn(), &(m.dot(&w1) * x).into_dyn(), 1e-12, "held");
        let y = centred / deviation * &scale + shift.clone().into_dimensionality::<Ix1>().unwrap();
        let m = &w2.row(2) * &y / &z;
        assert_close(&passed.to_owned().into_dyn(), &(m.dot(&w1) * x).into_dyn(), 1e-9, "passed");
    }
}

/// One head of attention after AttnLRP: halves at products, softmax by its gradient.
struct Attention([Linear<B>; 3]);

impl Differentiable for Attention {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let [q, k, v] = [0, 1, 2].map(|i| x[0].layer(["q", "k", "v"][i], &self.0[i]));
        Ok((q?.matmul(&k?.transpose(-1, -2)?)).softmax(-1).matmul(&v?).flatten(1, -1))
    }
}

#[test]
fn attention_by_hand() {
    let layer = |seed| Linear::<B>::new(weight(seed, &[3, 3]), None).unwrap();
    let model = Attention([layer(1), layer(2), layer(3)]);
    let x = noise(4, &[2, 4, 3]).into_dimensionality::<ndarray::Ix3>().unwrap();
    let got = by(LrpRule::Epsilon(1e-14)).analyze(&model, &x, Index(7)).unwrap().values;
    let [wq, wk, wv] = [0, 1, 2].map(|i| array2(&model.0[i].weight));
    for (x, got) in x.axis_iter(Axis(0)).zip(got.axis_iter(Axis(0))) {
        let [q, k, v] = [&wq, &wk, &wv].map(|w| x.dot(&w.t()));
        let scores = q.dot(&k.t());
        let exp = scores.mapv(f64::exp);
        let a = &exp / &exp.sum_axis(Axis(1)).insert_axis(Axis(1));
        // Output 7 is token 2, number 1; all its relevance is y.
        let mut m = Array2::<f64>::zeros((4, 3));
        m[[2, 1]] = 1.0;
        let (m_a, m_v) = (m.dot(&v.t()) * 0.5, a.t().dot(&m) * 0.5);
        // Rᵢ = xᵢ (Rᵢ - aᵢ ΣR)
        let r = &a * &m_a;
        let r_scores = &scores * &(&r - &(&a * &r.sum_axis(Axis(1)).insert_axis(Axis(1))));
        let m_scores = &r_scores / &scores;
        let (m_q, m_k) = (m_scores.dot(&k) * 0.5, m_scores.t().dot(&q) * 0.5);
        let m_x = m_q.dot(&wq) + m_k.dot(&wk) + m_v.dot(&wv);
        assert_close(&got.to_owned().into_dyn(), &(&m_x * &x).into_dyn(), 1e-10, "attention");
    }
}
