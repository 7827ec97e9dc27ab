//! How each step of a network goes back, settled before any pass.

use std::collections::BTreeMap;

use super::composite::{Composite, LayerKind, Which, is_named};
use super::endings::end_in_probabilities;
use super::facts::{Facts, kind, only_moves};
use super::moved::{axis_behind, moves};
use super::planner::Planner;
use super::propagation::{Plan, Propagation, Touch};
use super::rule::LrpRule;
use crate::graph::{Graph, Site, Step, Value};
use crate::rules::Unknown;
use crate::{Backend, Error, Op, Result};

/// Relevance that is let through a named place in these channels alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) place: String,
    pub(crate) along: Along,
    pub(crate) channels: Vec<usize>,
}

/// Where channels are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Along {
    Axis(usize),
    LastAxis,
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
            Plan { ways: vec![Propagation::Gradient; count], touches: BTreeMap::new(), relevance: vec![false; count] };
        let used = vec![false; composite.said.len()];
        let mut planner = Planner { composite, facts: &facts, unknown, used, merged: vec![None; count] };
        for site in sites.iter().flatten() {
            planner.step(&mut plan, site);
        }
        let Planner { used, merged, .. } = planner;
        // Whatever is done where there is no rule. Nothing is said of other steps without one, as the logarithm in an
        // end by hand is: they go with it.
        if let Some(site) = end_in_probabilities(graph, &sites) {
            plan.ways.iter_mut().filter(|way| matches!(way, Propagation::Refused(_))).for_each(|way| {
                *way = Propagation::Gradient;
            });
            plan.ways[site.id()] = Propagation::Refused(
                "the model ends in it, and a probability is no sum of what inputs contribute: explain the logit before \
                 it, by a model that ends there and by a selector of the output as it is"
                    .into(),
            );
        }
        check_said(composite, &used, &merged, &sites, graph)?;
        for condition in conditions {
            let place = graph.place(&condition.place)?;
            // A mask along channels commutes with the norm and the bias that are merged into a layer.
            let value = merged[place.0].unwrap_or(place.0);
            let axis = condition.axis(graph, place)?;
            if sites[place.0].is_none() {
                return Err(Error::Unsupported {
                    analyzer: "Crp".into(),
                    reason: format!(
                        "nothing goes from the explained input through `{}` to the output: name another place",
                        condition.place
                    ),
                });
            }
            let axis = condition.axis_at(axis, sites[place.0].as_ref(), value)?;
            let only = Touch::Only { axis, places: condition.channels.clone() };
            plan.touches.entry(value).or_default().push(only);
        }
        plan.relevance_form(&sites);
        Ok(plan)
    }

    /// From the first layers that give relevance to inputs that are 0 back to the inputs: relevance, not multipliers.
    fn relevance_form<B: Backend>(&mut self, sites: &[Option<Site<'_, '_, B>>]) {
        for i in (0..sites.len()).rev() {
            let Some(site) = &sites[i] else { continue };
            let of_first = matches!(self.ways[i], Propagation::First { .. });
            if !of_first && !self.relevance[i] {
                continue;
            }
            if !of_first && !matches!(self.ways[i], Propagation::Refused(_)) {
                self.ways[i] = way_of_relevance(site);
            }
            for (value, &wanted) in site.node().inputs().iter().zip(site.wanted()) {
                self.relevance[value.0] |= wanted;
            }
        }
    }
}

/// How relevance itself goes back through a step between an input and its first layer.
fn way_of_relevance<B: Backend>(site: &Site<'_, '_, B>) -> Propagation {
    let same_shape = || {
        let wanted = site.wanted().iter().position(|&wanted| wanted);
        wanted.and_then(|input| site.input_shape(input)).is_some_and(|shape| site.node().shape() == Some(shape))
    };
    let one = site.wanted().iter().filter(|&&wanted| wanted).count() == 1;
    match site.op() {
        None if matches!(site.node().step(), Step::Input) => Propagation::Gradient,
        Some(op) if only_moves(op) => Propagation::Gradient,
        Some(Op::Pad2d(_) | Op::Concatenate(_)) => Propagation::Gradient,
        Some(Op::ChannelAffine(_) | Op::Scale(_)) => Propagation::Through,
        Some(Op::Binary(_)) if one && site.is_affine() && same_shape() => Propagation::Through,
        _ => Propagation::Refused(
            "the rule of the first layer, behind it, gives relevance to inputs that are 0 too, and between it and the \
             model's input may only stand what moves or scales numbers: say another rule of that layer"
                .into(),
        ),
    }
}

/// What was said of nothing that there is, or of places where it says nothing.
fn check_said<B: Backend>(
    composite: &Composite,
    used: &[bool],
    merged: &[Option<usize>],
    sites: &[Option<Site<'_, '_, B>>],
    graph: &Graph<'_, B>,
) -> Result<()> {
    for ((which, rule), used) in composite.said.iter().zip(used) {
        let (Which::Named(pattern), false) = (which, used) else { continue };
        let places = graph.places();
        let mut there = places.iter().filter(|place| is_named(&place.name, pattern)).peekable();
        if there.peek().is_none() {
            let known = places.into_iter().map(|place| place.name).take(12).collect();
            return Err(Error::UnknownPlace { place: pattern.clone(), known });
        }
        let is_merged = |name: &str| {
            graph.place(name).is_ok_and(|value| {
                let kind = sites[value.0].as_ref().and_then(kind);
                merged[value.0].is_some() && matches!(kind, None | Some(LayerKind::Norm))
            })
        };
        let reason = match rule {
            _ if there.all(|place| is_merged(&place.name)) => {
                "what is there is part of the layer in front, as a norm behind a convolution is: name that layer"
            }
            LrpRule::Pass => "`LrpRule::Pass` is of activations and of norms by themselves, and there is none of them",
            LrpRule::Zero => "rules are of layers with weights, norms and activations, and there is none of them",
            _ => "the rule is of layers with weights, and there is none",
        };
        return Err(Error::InvalidParameter { name: "named", value: pattern.clone(), reason: reason.into() });
    }
    Ok(())
}

impl Condition {
    /// Its axis at a value that its place is merged into, behind what moves numbers between them.
    fn axis_at<B: Backend>(&self, own: usize, place: Option<&Site<'_, '_, B>>, value: usize) -> Result<usize> {
        let behind = std::iter::successors(place.and_then(Site::next), Site::next);
        let between = behind.take_while(|step| step.id() <= value).filter(moves);
        let axis = between.into_iter().try_fold(own, |axis, step| axis_behind(&step, axis));
        axis.ok_or_else(|| Error::InvalidParameter {
            name: "axis",
            value: own.to_string(),
            reason: format!(
                "it is no axis any more where what is behind `{}` is merged into the layer: name a place behind",
                self.place
            ),
        })
    }

    /// Its axis at its place, checked.
    pub(crate) fn axis<B: Backend>(&self, graph: &Graph<'_, B>, place: Value) -> Result<usize> {
        let no_axis = |axis: String, reason: String| Error::InvalidParameter { name: "axis", value: axis, reason };
        let (axis, shape) = match (self.along, graph.nodes()[place.0].shape()) {
            (Along::Axis(axis), None) => return Ok(axis),
            (Along::Axis(axis), Some(shape)) => (axis, shape),
            (Along::LastAxis, Some(shape)) => (shape.len().saturating_sub(1), shape),
            (Along::LastAxis, None) => {
                let reason = format!("nothing is known of the shape of what is at `{}`: say its number", self.place);
                return Err(no_axis("the last one".into(), reason));
            }
        };
        let Some(&length) = shape.get(axis).filter(|_| axis > 0) else {
            let reason = format!("what is at `{}` has the shape {shape:?}, batch axis first", self.place);
            return Err(no_axis(axis.to_string(), reason));
        };
        match self.channels.iter().find(|&&channel| channel >= length) {
            None => Ok(axis),
            Some(channel) => Err(Error::InvalidParameter {
                name: "channel",
                value: channel.to_string(),
                reason: format!("there are {length} at `{}`, counted from 0", self.place),
            }),
        }
    }
}
