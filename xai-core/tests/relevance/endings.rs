//! Models that end in probabilities, of which relevance is refused.

use xai_core::nn::{Activation, LogSoftmax, Sequential, Softmax};
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
    let ends_in: [(&str, &str, for<'m> fn(V<'m>) -> V<'m>); 22] = [
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

/// What is made with probabilities need not be one.
#[test]
fn what_is_weighed_by_probabilities_is_none() {
    let x = rows(1, 2, 4);
    let no_probabilities: [(&str, for<'m> fn(V<'m>) -> V<'m>); 12] = [
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
    ];
    for (what, end) in no_probabilities {
        let why = Lrp::default().analyze(&ends(Then(end)), &x, Index(0));
        assert!(why.is_ok(), "{what}: {}", why.unwrap_err());
    }
}
