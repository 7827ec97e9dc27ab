//! From a composite to the way back through each step.

use super::composite::{Composite, Described, LayerKind};
use super::facts::{Facts, kind};
use super::merging::merged_into;
use super::propagation::{Plan, Propagation, Touch};
use super::rule::LrpRule;
use crate::graph::{Site, Step};
use crate::op::{Activation, Binary};
use crate::rules::Unknown;
use crate::{Backend, Op};

/// Walks over the steps, and settles each.
pub(super) struct Planner<'a> {
    pub(super) composite: &'a Composite,
    pub(super) facts: &'a Facts,
    pub(super) unknown: Unknown,
    /// For all that the composite says, whether it is said of anything.
    pub(super) used: Vec<bool>,
    /// For each node that is merged into a layer in front, the last one of that run.
    pub(super) merged: Vec<Option<usize>>,
}

impl Planner<'_> {
    pub(super) fn step<B: Backend>(&mut self, plan: &mut Plan, site: &Site<'_, '_, B>) {
        let id = site.id();
        if !matches!(plan.ways[id], Propagation::Gradient) || self.merged[id].is_some() {
            return;
        }
        let Some(kind) = kind(site) else {
            plan.ways[id] = self.other(site);
            return;
        };
        let rule = self.rule(site, kind);
        plan.ways[id] = match rule {
            // All relevance passes a line from 0 anyhow.
            LrpRule::Pass if is_line(site) => Propagation::Gradient,
            LrpRule::Pass => Propagation::Pass,
            _ if kind.is_layer() => self.layer(plan, site, rule),
            _ => self.other(site),
        };
    }

    fn rule<B: Backend>(&mut self, site: &Site<'_, '_, B>, kind: LayerKind) -> LrpRule {
        let (path, id) = (site.path(), site.id());
        let step = Described { kind, path: &path, first: self.facts.first[id], last: self.facts.last[id] };
        let said = self.composite.said_of(&step);
        said.iter().for_each(|&place| self.used[place] = true);
        said.last().map_or(LrpRule::Zero, |&place| self.composite.said[place].1.clone())
    }

    /// A layer with weights, together with the norms and constants behind it that are merged into it.
    fn layer<B: Backend>(&mut self, plan: &mut Plan, site: &Site<'_, '_, B>, rule: LrpRule) -> Propagation {
        let steps = merged_into(site);
        let (run, end) = (1 + steps.len(), steps.last().unwrap_or(site));
        for step in std::iter::once(site).chain(&steps).filter(|_| run > 1) {
            self.merged[step.id()] = Some(end.id());
        }
        let behind = end.next();
        let activation = behind.as_ref().and_then(|behind| behind.op()?.as_activation());
        match rule {
            LrpRule::Epsilon(eps) => {
                let curved = activation
                    .filter(|&f| matches!(activation_way(f), Some(Propagation::Secant(_))) && f.value(0.0) == 0.0);
                let plain = |behind: &Site<'_, '_, B>, planner: &mut Self| {
                    !matches!(planner.rule(behind, LayerKind::Activation), LrpRule::Pass)
                };
                match (behind, activation, curved) {
                    // max(0, z) / stab(max(0, z)) is the same where anything comes back, and leaves the rectifier
                    // to what the backend computes together.
                    (Some(behind), Some(Activation::Relu), _) => touch(plan, behind.id(), eps),
                    (Some(behind), _, Some(_)) if plain(&behind, self) => {
                        plan.ways[behind.id()] = Propagation::Stabilised(eps);
                    }
                    _ => touch(plan, end.id(), eps),
                }
                Propagation::Gradient
            }
            LrpRule::Zero | LrpRule::Pass => Propagation::Gradient,
            _ if rule.is_of_first_layer() && !self.facts.first[site.id()] => Propagation::Refused(
                "the rule gives relevance to inputs that are 0 too, and stands at the first layer alone".into(),
            ),
            _ if rule.is_of_first_layer() => Propagation::First { rule, run },
            _ => {
                let varies = site.wanted().iter().position(|&wanted| wanted).unwrap_or(0);
                let not_negative = self.facts.not_negative[site.node().inputs()[varies].0];
                let behind = behind.zip(activation.filter(|&f| is_zero_below(f)));
                if let Some((behind, _)) = &behind {
                    // Whatever is said of a rectifier, all relevance passes it: it goes along with the layer.
                    self.rule(behind, LayerKind::Activation);
                    let along = std::iter::once(site).chain(&steps).chain(std::iter::once(behind));
                    along.for_each(|step| self.merged[step.id()] = Some(behind.id()));
                }
                Propagation::Split { rule, run, rectifier: behind.map(|(_, f)| f), not_negative }
            }
        }
    }

    /// A step without weights, or whose rule is LRP-0.
    fn other<B: Backend>(&self, site: &Site<'_, '_, B>) -> Propagation {
        let op = match site.node().step() {
            Step::Op(op) => op,
            Step::Opaque(_) if site.is_affine() && !self.composite.needs_weights() => return Propagation::Gradient,
            Step::Opaque(_) => return self.unknown("nobody can see what it computes"),
            Step::Input | Step::Constant(_) => return Propagation::Gradient,
        };
        let both = site.wanted().iter().filter(|&&wanted| wanted).count() > 1;
        match op {
            Op::Activation(f) => activation_way(*f).unwrap_or_else(|| self.unknown("it is not finite at 0")),
            Op::LayerNorm(_) | Op::RmsNorm(_) | Op::GroupNorm(_) => Propagation::ConstantDeviation,
            Op::Binary(Binary::Mul) | Op::MatMul(_) if both => Propagation::Halves,
            Op::Binary(Binary::Div) if both => Propagation::Numerator,
            // A maximum, or a choice, is one of its inputs; relevance goes back through a softmax by its gradient.
            Op::MaxPool2d(_)
            | Op::AdaptiveMaxPool2d(_)
            | Op::Reduce(_)
            | Op::Where(_)
            | Op::Softmax(_)
            | Op::Embedding(_) => Propagation::Gradient,
            _ if site.is_affine() => Propagation::Gradient,
            _ => self.unknown("relevance has no rule there"),
        }
    }

    fn unknown(&self, reason: &str) -> Propagation {
        match self.unknown {
            Unknown::Gradient => Propagation::Gradient,
            Unknown::Refuse => Propagation::Refused(format!(
                "{reason}; its gradient is taken where `.unknown(Unknown::Gradient)` asks for it"
            )),
        }
    }
}

fn touch(plan: &mut Plan, value: usize, eps: f64) {
    plan.touches.entry(value).or_default().push(Touch::Epsilon(eps));
}

fn is_line<B: Backend>(site: &Site<'_, '_, B>) -> bool {
    let activation = site.op().and_then(Op::as_activation);
    activation.is_some_and(|f| matches!(f, Activation::Relu | Activation::LeakyRelu { .. } | Activation::Abs))
}

/// Whether nothing comes back of numbers below 0, for they all give 0.
fn is_zero_below(f: Activation) -> bool {
    matches!(f, Activation::Relu | Activation::Relu6)
}

/// How relevance goes back through an activation; none where it has no secant from 0.
fn activation_way(f: Activation) -> Option<Propagation> {
    match f {
        // Lines from 0: the derivative is the secant's slope. A sign is a choice, and carries none.
        Activation::Relu | Activation::LeakyRelu { .. } | Activation::Abs | Activation::Sign => {
            Some(Propagation::Gradient)
        }
        f if f.value(0.0).is_finite() => Some(Propagation::Secant(f)),
        _ => None,
    }
}
