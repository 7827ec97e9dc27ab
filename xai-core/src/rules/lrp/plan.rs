//! How each step of a network goes back, settled before any pass.

use std::collections::BTreeMap;

use super::composite::{Composite, Described, LayerKind, Which};
use super::facts::{Facts, end_in_probabilities, kind};
use super::rule::LrpRule;
use crate::graph::{Graph, Site, Step, Value};
use crate::op::{Activation, Binary};
use crate::rules::Unknown;
use crate::{Backend, Error, Op, Result};

/// How a step goes back. Flows are multipliers m, where relevance is x · m.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// By its gradient.
    Gradient,
    /// By weights that are split: this step and those behind it that are merged into its weights, `run` in all.
    Split { rule: LrpRule, run: usize, rectified: bool, not_negative: bool },
    /// By the slope of an activation's secant from 0.
    Secant(Activation),
    /// The same, with the ε of the layer in front: m · f(z) / stab(z).
    Stabilised(f64),
    /// A norm whose deviation is held constant.
    Held,
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

/// Relevance that is let through a named place in these channels alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) place: String,
    pub(crate) axis: usize,
    pub(crate) channels: Vec<usize>,
}

/// How each node goes back.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) ways: Vec<Way>,
    pub(super) touches: BTreeMap<usize, Vec<Touch>>,
    /// For each value, whether relevance itself comes back to it, and not a multiplier.
    pub(super) relevance: Vec<bool>,
}

impl Plan {
    pub(super) fn new<B: Backend>(
        graph: &Graph<'_, B>,
        explained: &[bool],
        composite: &Composite,
        conditions: &[Condition],
        unknown: Unknown,
    ) -> Result<Self> {
        composite.check()?;
        let varies = graph.varying(explained);
        let sites = graph.sites(&varies);
        let count = sites.len();
        let facts = Facts::of(graph, &sites);
        let mut plan =
            Plan { ways: vec![Way::Gradient; count], touches: BTreeMap::new(), relevance: vec![false; count] };
        if unknown == Unknown::Refuse
            && let Some(site) = end_in_probabilities(graph, &sites)
        {
            plan.ways[site.id()] = Way::Refused(
                "the model ends in it, and probabilities depend on all classes at once: explain the logit before it, \
                 by a model without this step and by a selector of the output as it is"
                    .into(),
            );
        }
        let used = vec![false; composite.said.len()];
        let mut planner = Planner { composite, facts: &facts, unknown, used, merged: vec![None; count] };
        for site in sites.iter().flatten() {
            planner.step(&mut plan, site);
        }
        let Planner { used, merged, .. } = planner;
        check_said(composite, &used, graph)?;
        for condition in conditions {
            let place = graph.place(&condition.place)?;
            // A mask along channels commutes with the norm that a layer is merged with.
            let value = merged[place.0].unwrap_or(place.0);
            condition.check(graph, place)?;
            let only = Touch::Only { axis: condition.axis, places: condition.channels.clone() };
            plan.touches.entry(value).or_default().push(only);
        }
        plan.relevance_form(&sites);
        Ok(plan)
    }

    /// From the first layers that give relevance to inputs that are 0 back to the inputs: relevance, not multipliers.
    fn relevance_form<B: Backend>(&mut self, sites: &[Option<Site<'_, '_, B>>]) {
        for i in (0..sites.len()).rev() {
            let Some(site) = &sites[i] else { continue };
            let of_first = matches!(self.ways[i], Way::First { .. });
            if !of_first && !self.relevance[i] {
                continue;
            }
            if !of_first && !matches!(self.ways[i], Way::Refused(_)) {
                self.ways[i] = way_of_relevance(site);
            }
            for (value, &wanted) in site.node().inputs().iter().zip(site.wanted()) {
                self.relevance[value.0] |= wanted;
            }
        }
    }
}

/// How relevance itself goes back through a step between an input and its first layer.
fn way_of_relevance<B: Backend>(site: &Site<'_, '_, B>) -> Way {
    let same_shape = || {
        let wanted = site.wanted().iter().position(|&wanted| wanted);
        wanted.and_then(|input| site.input_shape(input)).is_some_and(|shape| site.node().shape() == Some(shape))
    };
    let one = site.wanted().iter().filter(|&&wanted| wanted).count() == 1;
    match site.op() {
        None if matches!(site.node().step(), Step::Input) => Way::Gradient,
        Some(
            Op::Reshape(_)
            | Op::Flatten(_)
            | Op::Permute(_)
            | Op::Narrow(_)
            | Op::IndexSelect(_)
            | Op::Gather(_)
            | Op::Pad2d(_)
            | Op::Concatenate(_),
        ) => Way::Gradient,
        Some(Op::ChannelAffine(_) | Op::Scale(_)) => Way::Through,
        Some(Op::Binary(_)) if one && site.is_affine() && same_shape() => Way::Through,
        _ => Way::Refused(
            "the rule of the first layer, behind it, gives relevance to inputs that are 0 too, and between it and the \
             model's input may only stand what moves or scales numbers: say another rule of that layer"
                .into(),
        ),
    }
}

/// What was said of nothing that there is.
fn check_said<B: Backend>(composite: &Composite, used: &[bool], graph: &Graph<'_, B>) -> Result<()> {
    for ((which, _), used) in composite.said.iter().zip(used) {
        if let (Which::Named(pattern), false) = (which, used) {
            let known = graph.places().into_iter().map(|place| place.name).take(12).collect();
            return Err(Error::UnknownPlace { place: pattern.clone(), known });
        }
    }
    Ok(())
}

impl Condition {
    fn check<B: Backend>(&self, graph: &Graph<'_, B>, place: Value) -> Result<()> {
        let Some(shape) = graph.nodes()[place.0].shape() else { return Ok(()) };
        let Some(&length) = shape.get(self.axis).filter(|_| self.axis > 0) else {
            return Err(Error::InvalidParameter {
                name: "axis",
                value: self.axis.to_string(),
                reason: format!("what is at `{}` has the shape {shape:?}, batch axis first", self.place),
            });
        };
        match self.channels.iter().find(|&&channel| channel >= length) {
            None => Ok(()),
            Some(channel) => Err(Error::InvalidParameter {
                name: "channel",
                value: channel.to_string(),
                reason: format!("there are {length} at `{}`, counted from 0", self.place),
            }),
        }
    }
}

/// Walks over the steps, and settles each.
struct Planner<'a> {
    composite: &'a Composite,
    facts: &'a Facts,
    unknown: Unknown,
    /// For all that the composite says, whether it is said of anything.
    used: Vec<bool>,
    /// For each node that is merged into a layer in front, the last one of that run.
    merged: Vec<Option<usize>>,
}

impl Planner<'_> {
    fn step<B: Backend>(&mut self, plan: &mut Plan, site: &Site<'_, '_, B>) {
        let id = site.id();
        if !matches!(plan.ways[id], Way::Gradient) || self.merged[id].is_some() {
            return;
        }
        let Some(kind) = kind(site) else {
            plan.ways[id] = self.other(site);
            return;
        };
        let rule = self.rule(site, kind);
        plan.ways[id] = match rule {
            // All relevance passes a line from 0 anyhow.
            LrpRule::Pass if is_line(site) => Way::Gradient,
            LrpRule::Pass => Way::Pass,
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

    /// A layer with weights, together with the norm behind it.
    fn layer<B: Backend>(&mut self, plan: &mut Plan, site: &Site<'_, '_, B>, rule: LrpRule) -> Way {
        let steps: Vec<Site<'_, '_, B>> =
            std::iter::successors(site.next(), Site::next).take_while(|next| merges(site, next)).collect();
        let (run, end) = (1 + steps.len(), steps.last().unwrap_or(site));
        for step in std::iter::once(site).chain(&steps).filter(|_| run > 1) {
            self.merged[step.id()] = Some(end.id());
        }
        let behind = end.next();
        let activation = behind.as_ref().and_then(|behind| behind.op()?.as_activation());
        match rule {
            LrpRule::Epsilon(eps) => {
                let curved =
                    activation.filter(|&f| matches!(activation_way(f), Some(Way::Secant(_))) && f.value(0.0) == 0.0);
                let plain = |behind: &Site<'_, '_, B>, planner: &mut Self| {
                    !matches!(planner.rule(behind, LayerKind::Activation), LrpRule::Pass)
                };
                match (behind, activation, curved) {
                    // max(0, z) / stab(max(0, z)) is the same where anything comes back, and leaves the rectifier
                    // to what the backend computes together.
                    (Some(behind), Some(Activation::Relu), _) => touch(plan, behind.id(), eps),
                    (Some(behind), _, Some(_)) if plain(&behind, self) => {
                        plan.ways[behind.id()] = Way::Stabilised(eps);
                    }
                    _ => touch(plan, end.id(), eps),
                }
                Way::Gradient
            }
            LrpRule::Zero | LrpRule::Pass => Way::Gradient,
            _ if rule.is_of_first_layer() && !self.facts.first[site.id()] => Way::Refused(
                "the rule gives relevance to inputs that are 0 too, and stands at the first layer alone".into(),
            ),
            _ if rule.is_of_first_layer() => Way::First { rule, run },
            _ => {
                let varies = site.wanted().iter().position(|&wanted| wanted).unwrap_or(0);
                let not_negative = self.facts.not_negative[site.node().inputs()[varies].0];
                Way::Split { rule, run, rectified: activation == Some(Activation::Relu), not_negative }
            }
        }
    }

    /// A step without weights, or whose rule is LRP-0.
    fn other<B: Backend>(&self, site: &Site<'_, '_, B>) -> Way {
        let op = match site.node().step() {
            Step::Op(op) => op,
            Step::Opaque(_) if site.is_affine() && !self.composite.needs_weights() => return Way::Gradient,
            Step::Opaque(_) => return self.unknown("nobody can see what it computes"),
            Step::Input | Step::Constant(_) => return Way::Gradient,
        };
        let both = site.wanted().iter().filter(|&&wanted| wanted).count() > 1;
        match op {
            Op::Activation(f) => activation_way(*f).unwrap_or_else(|| self.unknown("it is not finite at 0")),
            Op::LayerNorm(_) | Op::RmsNorm(_) | Op::GroupNorm(_) => Way::Held,
            Op::Binary(Binary::Mul) | Op::MatMul(_) if both => Way::Halves,
            Op::Binary(Binary::Div) if both => Way::Numerator,
            // A maximum, or a choice, is one of its inputs; relevance goes back through a softmax by its gradient.
            Op::MaxPool2d(_)
            | Op::AdaptiveMaxPool2d(_)
            | Op::Reduce(_)
            | Op::Where(_)
            | Op::Softmax(_)
            | Op::Embedding(_) => Way::Gradient,
            _ if site.is_affine() => Way::Gradient,
            _ => self.unknown("relevance has no rule there"),
        }
    }

    fn unknown(&self, reason: &str) -> Way {
        match self.unknown {
            Unknown::Gradient => Way::Gradient,
            Unknown::Refuse => {
                Way::Refused(format!("{reason}; its gradient is taken where `.unknown(Unknown::Gradient)` asks for it"))
            }
        }
    }
}

fn touch(plan: &mut Plan, value: usize, eps: f64) {
    plan.touches.entry(value).or_default().push(Touch::Epsilon(eps));
}

/// Whether a step is merged into the weights of a layer in front.
fn merges<B: Backend>(layer: &Site<'_, '_, B>, next: &Site<'_, '_, B>) -> bool {
    match (layer.op(), next.op()) {
        (Some(Op::Conv2d(_) | Op::ConvTranspose2d(_)), Some(Op::ChannelAffine(_) | Op::Scale(_))) => true,
        (Some(Op::Linear(_)), Some(Op::Scale(_))) => true,
        // The channels of rows of numbers are the outputs.
        (Some(Op::Linear(_)), Some(Op::ChannelAffine(_))) => layer.node().shape().is_some_and(|shape| shape.len() == 2),
        _ => false,
    }
}

fn is_line<B: Backend>(site: &Site<'_, '_, B>) -> bool {
    let activation = site.op().and_then(Op::as_activation);
    activation.is_some_and(|f| matches!(f, Activation::Relu | Activation::LeakyRelu { .. } | Activation::Abs))
}

/// How relevance goes back through an activation; none where it has no secant from 0.
fn activation_way(f: Activation) -> Option<Way> {
    match f {
        // Lines from 0: the derivative is the secant's slope. A sign is a choice, and carries none.
        Activation::Relu | Activation::LeakyRelu { .. } | Activation::Abs | Activation::Sign => Some(Way::Gradient),
        Activation::Log | Activation::Reciprocal => None,
        Activation::Power { exponent } if exponent <= 0.0 => None,
        _ => Some(Way::Secant(f)),
    }
}
