//! How steps go back, as data.

use std::collections::BTreeMap;

use super::rule::LrpRule;
use crate::op::Activation;

/// How a step goes back. Flows are multipliers m, where relevance is x · m.
#[derive(Debug, Clone)]
pub(super) enum Propagation {
    /// By its gradient.
    Gradient,
    /// By weights that are split: this step and those behind it that are merged into its weights, `run` in all; and by
    /// the rectifier behind those, if there is one.
    Split { rule: LrpRule, run: usize, rectifier: Option<Activation>, not_negative: bool },
    /// By the slope of an activation's secant from 0.
    Secant(Activation),
    /// The same, with the ε of the layer in front: m · f(z) / stab(z).
    Stabilised(f64),
    /// A norm whose deviation is held constant.
    ConstantDeviation,
    /// A product of two values that vary: a half to each.
    Halves,
    /// A quotient, whose divisor is held constant.
    Numerator,
    /// All relevance to the same place.
    Pass,
    /// In relevance form, at the first layer.
    First { rule: LrpRule, run: usize },
    /// In relevance form, between an input and its first layer: it stays where it is.
    Through,
    /// It does not, for this reason.
    Refused(String),
}

/// What is made of what comes back to a value.
#[derive(Debug, Clone)]
pub(super) enum Touch {
    /// m · z / stab(z).
    Epsilon(f64),
    /// Nothing but these places of an axis.
    Only { axis: usize, places: Vec<usize> },
}

/// How each node goes back.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) ways: Vec<Propagation>,
    pub(super) touches: BTreeMap<usize, Vec<Touch>>,
    /// For each value, whether relevance itself comes back to it, and not a multiplier.
    pub(super) relevance: Vec<bool>,
}
