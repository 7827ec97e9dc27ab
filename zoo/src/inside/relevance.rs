//! What zennit's and lxt's rules are called here.

use xai::rules::{Composite, LrpRule};
use xai::{Backend, BoxAnalyzer, BoxModel, Deconvolution, ExcitationBackprop, GuidedBackprop, Lrp};

/// What pixels can be, at most, as the Python side has it.
const BOUNDS: [f64; 2] = [-4.0, 4.0];

/// As zennit hands on relevance at what has no weights: all of it, at norms by themselves and at activations.
fn passing(composite: Composite) -> Composite {
    composite.norm(LrpRule::Pass).activation(LrpRule::Pass)
}

/// The first layer by a rule, the others by ε.
fn first(rule: LrpRule) -> Composite {
    passing(Composite::new().all(LrpRule::Epsilon(1e-6)).first(rule))
}

fn all(rule: LrpRule) -> Composite {
    passing(Composite::new().all(rule))
}

fn composite(name: &str) -> Option<Composite> {
    let [low, high] = BOUNDS;
    Some(match name {
        "zero" => all(LrpRule::Zero),
        "epsilon" => all(LrpRule::Epsilon(0.01)),
        "gamma" => all(LrpRule::Gamma(0.25)),
        "alpha_beta" => all(LrpRule::AlphaBeta(2.0, 1.0)),
        "z_plus" => all(LrpRule::ZPlus),
        "z_box" => first(LrpRule::z_box(low, high)),
        "flat" => first(LrpRule::Flat),
        "w_square" => first(LrpRule::WSquare),
        "epsilon_plus" => passing(Composite::epsilon_plus()),
        "epsilon_plus_flat" => passing(Composite::epsilon_plus_flat()),
        "epsilon_alpha2_beta1" => passing(Composite::epsilon_alpha2_beta1()),
        "epsilon_alpha2_beta1_flat" => passing(Composite::epsilon_alpha2_beta1_flat()),
        "epsilon_gamma_box" => passing(Composite::epsilon_gamma_box(low, high)),
        _ => return None,
    })
}

/// The counterpart of a method of zennit's.
pub(super) fn of_zennit<B: Backend>(name: &str) -> Option<BoxAnalyzer<BoxModel<'static, B>>> {
    Some(match name {
        "guided_backprop" => Box::new(GuidedBackprop::new()),
        "deconvolution" => Box::new(Deconvolution::new()),
        "excitation_backprop" => Box::new(ExcitationBackprop::new()),
        _ => Box::new(Lrp::new(composite(name)?)),
    })
}

/// The counterpart of lxt's rules, in what has this name.
pub(super) fn of_lxt<B: Backend>(name: &str, barely: bool) -> Option<BoxAnalyzer<BoxModel<'static, B>>> {
    let eps = if barely { 1e-12 } else { 1e-6 };
    let known = matches!(name, "attn_lrp" | "one_unit");
    known.then(|| Box::new(Lrp::new(Composite::new().all(LrpRule::Epsilon(eps)))) as _)
}
