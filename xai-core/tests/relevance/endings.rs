//! Models that end in probabilities, of which relevance is refused.

use xai_core::nn::{Activation, LogSoftmax, Sequential, Softmax};
use xai_core::rules::Unknown;
use xai_core::{Analyzer, Contrast, Crp, Error, ExcitationBackprop, Index, LogProbability, Lrp, Probability};

use crate::models::B;
use crate::models::differences::linear;
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
