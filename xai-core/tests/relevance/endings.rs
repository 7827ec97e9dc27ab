//! Models that end in probabilities, of which relevance is refused.

use xai_core::nn::{Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, LogSoftmax, MaxPool2d, Sequential, Softmax};
use xai_core::rules::Unknown;
use xai_core::{Analyzer, Contrast, Crp, Error, ExcitationBackprop, Index, LogProbability, Lrp, Probability};

use crate::models::B;
use crate::models::differences::{linear, tensor};
use crate::relevance::by_hand::Then;
use crate::relevance::composites::{Code, ends};
use crate::relevance::nets::rows;

#[test]
fn a_model_that_ends_in_probabilities_is_met_with_a_word() {
    let x = rows(1, 2, 4);
    for (model, what) in [
        (ends(Softmax::new(1)), "Softmax"),
        (ends(LogSoftmax::new(-1)), "LogSoftmax"),
        (ends(Activation::Sigmoid), "Activation"),
    ] {
        for analyzer in [
            Box::new(Lrp::default()) as Box<dyn Analyzer<_>>,
            Box::new(ExcitationBackprop::new()),
            Box::new(Crp::default()),
        ] {
            let error = analyzer.analyze(&model, &x, Index(0)).unwrap_err();
            let words = format!("in layer `end`: no rule of {} goes back through {what}: ", analyzer.name());
            assert!(error.to_string().starts_with(&words) && error.to_string().contains("logit"), "{error}");
            assert!(matches!(error.root(), Error::NoRule { .. }));
        }
    }
    let logits = Sequential::<B>::new().push(linear(1, 3, 4));
    for error in [
        Lrp::default().analyze(&logits, &x, Probability(Index(0))).unwrap_err(),
        Lrp::default().analyze(&logits, &x, LogProbability(Index(0))).unwrap_err(),
    ] {
        assert!(error.to_string().contains("logit"), "{error}");
    }
    assert!(Lrp::default().analyze(&logits, &x, Contrast(0, 2)).is_ok());
    // Inside, a softmax has a rule, and a logarithm of one has none.
    let inside = |layer: Sequential<B>| layer.push(linear(3, 2, 3));
    assert!(Lrp::default().analyze(&inside(ends(Softmax::new(1))), &x, Index(0)).is_ok());
    let error = Lrp::default().analyze(&inside(ends(LogSoftmax::new(1))), &x, Index(0)).unwrap_err();
    assert!(error.to_string().starts_with("in layer `end`: no rule of Lrp goes back through LogSoftmax"), "{error}");
    let asked = Lrp::default().unknown(Unknown::Gradient);
    assert!(asked.analyze(&inside(ends(LogSoftmax::new(1))), &x, Index(0)).is_ok());
}

/// To ask for gradients where there is no rule, as of code, is not to ask for another output than a logit.
#[test]
fn gradients_of_unknown_steps_leave_it_refused() {
    let x = rows(1, 2, 4);
    for (end, what) in [
        (ends(Softmax::new(1)), "Softmax"),
        (ends(LogSoftmax::new(-1)), "LogSoftmax"),
        (ends(Activation::Sigmoid), "Activation"),
    ] {
        let model = Sequential::<B>::new().push_named("code", Code(false)).push_named("net", end);
        for analyzer in [
            Box::new(Lrp::default().unknown(Unknown::Gradient)) as Box<dyn Analyzer<_>>,
            Box::new(ExcitationBackprop::new().unknown(Unknown::Gradient)),
            Box::new(Crp::default().unknown(Unknown::Gradient)),
        ] {
            let error = analyzer.analyze(&model, &x, Index(0)).unwrap_err();
            let words =
                format!("in layer `net`: in layer `end`: no rule of {} goes back through {what}: ", analyzer.name());
            assert!(error.to_string().starts_with(&words) && error.to_string().contains("logit"), "{error}");
        }
    }
    let logits = Sequential::<B>::new().push(Code(false)).push(linear(1, 3, 4));
    let asked = Lrp::default().unknown(Unknown::Gradient);
    for error in [
        asked.analyze(&logits, &x, Probability(Index(0))).unwrap_err(),
        asked.analyze(&logits, &x, LogProbability(Index(0))).unwrap_err(),
    ] {
        assert!(error.to_string().contains("logit"), "{error}");
    }
    assert!(asked.analyze(&logits, &x, Index(0)).is_ok());
}

type V<'m> = xai_core::Var<'m, B>;

/// However they are written, and whatever is behind them that leaves them probabilities.
#[test]
fn probabilities_in_other_words_are_met_with_a_word() {
    let x = rows(1, 2, 4);
    let ends_in: [(&str, &str, for<'m> fn(V<'m>) -> V<'m>); 46] = [
        ("percent", "Softmax", |z| z.softmax(1) * 100.0),
        ("of the others", "Softmax", |z| 1.0 - z.softmax(1)),
        ("moved", "Softmax", |z| z.softmax(1).reshape(&[2, 3, 1]).narrow(1, 1, 2).flatten(1, -1)),
        ("its logarithm", "Softmax", |z| (z.softmax(1) + 1e-9).log()),
        ("from its logarithm", "LogSoftmax", |z| z.log_softmax(1).exp()),
        ("joined", "Softmax", |z| z.softmax(1).concat(&[&(&z * 2.0).softmax(1)], 1)),
        ("of several", "Activation", |z| (z.sigmoid() + (&z * 2.0).sigmoid()) * 0.5),
        ("at once", "Activation", |z| z.sigmoid() * (&z * 2.0).softmax(1)),
        ("averaged", "Softmax", |z| z.softmax(1).mean(&[1])),
        ("the greatest", "Activation", |z| z.sigmoid().max(&[1])),
        ("where there is something", "Softmax", |z| z.greater(&(&z * 0.5)).select(&z.softmax(1), &z.sigmoid())),
        ("by a constant", "Softmax", |z| {
            let by = z.constant(tensor(&ndarray::array![[0.5]].into_dyn()));
            z.softmax(1) * &by / by
        }),
        ("by hand", "Binary", |z| {
            let e = z.exp();
            &e / e.sum(&[1])
        }),
        ("by hand, less the greatest", "Binary", |z| {
            let e = (&z - z.max(&[1])).exp();
            (&e * 2.0) / (e.sum(&[1]) + 1e-9)
        }),
        ("by hand, by the inverse", "Binary", |z| {
            let e = z.exp();
            e.sum(&[1]).reciprocal() * e
        }),
        ("its logarithm by hand", "Binary", |z| &z - z.exp().sum(&[1]).log()),
        ("its logarithm by hand, less the greatest", "Binary", |z| {
            let most = z.max(&[1]);
            &z - (&most + (&z - &most).exp().sum(&[1]).log())
        }),
        ("a sigmoid by hand", "Activation", |z| ((-&z).exp() + 1.0).reciprocal()),
        ("a sigmoid by hand, by a power", "Activation", |z| ((-&z).exp() + 1.0).power(-1.0)),
        ("a sigmoid by hand, divided", "Binary", |z| {
            z.constant(tensor(&ndarray::array![[1.0]].into_dyn())) / ((-&z).exp() + 1.0)
        }),
        ("a sigmoid by hand, of both", "Binary", |z| {
            let e = z.exp();
            &e / (&e + 1.0)
        }),
        ("cut", "Softmax", |z| (z.softmax(1) - 0.1).relu()),
        ("of two powers", "Binary", |z| z.exp() / z.exp().sum(&[1])),
        ("of two powers, less the greatest", "Binary", |z| {
            (&z - z.max(&[1])).exp() / (&z - z.max(&[1])).exp().sum(&[1])
        }),
        ("a sigmoid of two powers", "Binary", |z| z.exp() / (z.exp() + 1.0)),
        ("by the inverse, of two powers", "Binary", |z| (&z / 2.0).exp() * (&z / 2.0).exp().sum(&[1]).reciprocal()),
        ("one of them", "Binary", |z| z.narrow(1, 0, 1) - z.exp().sum(&[1]).log()),
        ("less the greatest before", "Binary", |z| {
            let less = &z - z.max(&[1]);
            &less - less.exp().sum(&[1]).log()
        }),
        ("less the greatest, each written twice", "Binary", |z| {
            &z - ((&z - z.max(&[1])).exp().sum(&[1]).log() + z.max(&[1]))
        }),
        ("one against others and itself", "Binary", |z| {
            let (one, others) = (z.narrow(1, 0, 1), z.narrow(1, 1, 2) * 0.5);
            &one - one.concat(&[&others], 1).exp().sum(&[1]).log()
        }),
        ("at a temperature", "Binary", |z| &z * 0.5 - (&z * 0.5).exp().sum(&[1]).log()),
        ("a hard sigmoid", "Activation", |z| z.op(Activation::HardSigmoid) * 10.0),
        ("of the greatest place", "Activation", |z| maps(&z.sigmoid()).op(MaxPool2d::new(2)).flatten(1, -1)),
        ("of all places the greatest", "Activation", |z| {
            maps(&z.sigmoid()).op(AdaptiveMaxPool2d { size: [1, 1] }).flatten(1, -1)
        }),
        ("averaged over places", "Activation", |z| maps(&z.sigmoid()).mean(&[2, 3]).flatten(1, -1)),
        ("pooled over places", "Activation", |z| {
            maps(&z.sigmoid()).op(AdaptiveAvgPool2d::global()).flatten(1, -1) * 100.0
        }),
        ("by their number", "Activation", |z| maps(&z.sigmoid()).sum(&[2, 3]).flatten(1, -1) / 4.0),
        ("shares of them", "Softmax", |z| {
            let p = z.softmax(1);
            &p / p.sum(&[1])
        }),
        ("shares of sigmoids", "Activation", |z| z.sigmoid() / (z.sigmoid().sum(&[1]) + 1e-9)),
        ("sharpened", "Softmax", |z| {
            let p = z.softmax(1).power(2.0);
            &p / p.sum(&[1])
        }),
        ("a square", "Activation", |z| z.sigmoid().power(2.0)),
        ("a root", "Softmax", |z| z.softmax(1).power(0.5)),
        ("of any", "Activation", |z| 1.0 - (1.0 - z.sigmoid().narrow(1, 0, 1)) * (1.0 - z.sigmoid().narrow(1, 1, 1))),
        ("of any, by logarithms", "Activation", |z| 1.0 - (1.0 - z.sigmoid()).log().sum(&[1]).exp()),
        ("less by a constant", "Activation", |z| {
            let one = z.constant(tensor(&ndarray::array![[1.0]].into_dyn()));
            one - z.sigmoid()
        }),
        ("how much more", "Softmax", |z| {
            let p = z.softmax(1);
            p.narrow(1, 0, 1) - p.narrow(1, 1, 1)
        }),
    ];
    for (what, step, end) in ends_in {
        let model = ends(Then(end));
        for unknown in [Unknown::Refuse, Unknown::Gradient] {
            let error = Lrp::default().unknown(unknown).analyze(&model, &x, Index(0)).unwrap_err().to_string();
            let words = format!("in layer `end`: no rule of Lrp goes back through {step}: ");
            assert!(error.starts_with(&words) && error.contains("explain the logit"), "{what}: {error}");
        }
    }
}

/// Places of one map of each number.
fn maps<'m>(z: &V<'m>) -> V<'m> {
    let columns = z.reshape(&[2, 3, 1, 1]).concat(&[&z.reshape(&[2, 3, 1, 1])], 3);
    columns.concat(&[&columns], 2)
}

/// What is made with probabilities need not be one.
#[test]
fn what_is_weighed_by_probabilities_is_none() {
    let x = rows(1, 2, 4);
    let no_probabilities: [(&str, for<'m> fn(V<'m>) -> V<'m>); 25] = [
        ("attention", |z| {
            let weights = z.reshape(&[2, 3, 1]).matmul(&z.reshape(&[2, 1, 3])).softmax(-1);
            weights.matmul(&z.reshape(&[2, 3, 1])).flatten(1, -1)
        }),
        ("attention by hand", |z| {
            let e = z.exp();
            (&e / e.sum(&[1]) * &z).sum(&[1])
        }),
        ("a gate", |z| z.mean(&[1]).sigmoid() * &z),
        ("a gate by hand", |z| &z / ((-&z).exp() + 1.0)),
        ("a mixture", |z| z.sigmoid() * &z + z.sigmoid().affine(-1.0, 1.0) * z.tanh()),
        ("around it", |z| &z + z.sigmoid()),
        ("beside it", |z| z.concat(&[&z.sigmoid()], 1)),
        ("an expected value", |z| {
            let numbers = z.constant(tensor(&ndarray::array![[1.0, 2.0, 3.0]].into_dyn()));
            (z.softmax(1) * numbers).sum(&[1])
        }),
        ("a rate", |z| z.exp()),
        ("shares of no powers", |z| {
            let r = z.relu();
            &r / (r.sum(&[1]) + 0.1)
        }),
        ("a quotient of others", |z| z.exp() / ((&z * 2.0).exp() + 1.0)),
        ("scaled", |z| z * 0.5 + 1.0),
        ("one against others", |z| z.narrow(1, 0, 1) - z.narrow(1, 1, 2).exp().sum(&[1]).log()),
        ("one against others' powers", |z| z.narrow(1, 0, 1) - z.exp().narrow(1, 1, 2).sum(&[1]).log()),
        ("against another head", |z| &z - (&z * 0.1).exp().sum(&[1]).log()),
        ("how much above all", |z| z.exp().sum(&[1]).log()),
        ("the logit", |z| {
            let p = z.sigmoid();
            p.log() - (1.0 - p).log()
        }),
        ("the logit of a quotient", |z| {
            let p = z.sigmoid();
            (&p / (1.0 - &p)).log()
        }),
        ("a difference of logits", |z| {
            let p = z.log_softmax(1);
            p.narrow(1, 0, 1) - p.narrow(1, 1, 1)
        }),
        ("another range", |z| z.sigmoid() * 10.0 - 5.0),
        ("another range by constants", |z| {
            let number = |n: f64| z.constant(tensor(&ndarray::array![[n]].into_dyn()));
            z.sigmoid() * number(10.0) - number(5.0)
        }),
        ("a sum of units", |z| z.sigmoid().sum(&[1])),
        ("a mean of units", |z| z.sigmoid().mean(&[1])),
        ("a difference of units", |z| (z.sigmoid() - (&z - 1.0).sigmoid()) * 3.0),
        ("a sum of two units", |z| z.sigmoid() + (&z - 1.0).sigmoid()),
    ];
    for (what, end) in no_probabilities {
        // Logarithms have no rule.
        let why = Lrp::default().unknown(Unknown::Gradient).analyze(&ends(Then(end)), &x, Index(0));
        assert!(why.is_ok(), "{what}: {}", why.unwrap_err());
    }
}
