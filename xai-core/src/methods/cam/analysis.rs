//! How a class activation map is made.

use std::cell::RefCell;

use super::cam::Cam;
use super::fusion::check_axes;
use super::places::CamPlaces;
use super::principal::principal;
use super::rule::CamRule;
use super::site::CamSite;
use crate::explain::sample_rows::{check_place_rows, check_rows};
use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind};
use crate::graph::Value;
use crate::{Backend, Differentiable, Error, Graph, Result, Tensor};

impl<R, P> Cam<R, P> {
    fn title<B: Backend>(&self, named: &[String]) -> String
    where
        R: CamRule<B>,
    {
        if named.is_empty() { self.rule.name() } else { format!("{}({})", self.rule.name(), named.join(", ")) }
    }

    /// The values at the places.
    fn values<B: Backend>(&self, graph: &Graph<'_, B>, places: &[&str]) -> Result<Vec<Value>>
    where
        R: CamRule<B>,
    {
        let value = |place: &&str| {
            let value = graph.place(place)?;
            if !self.bypassed || self.rule.runs_head() {
                graph.check_cut(value)?;
            }
            Ok(value)
        };
        let refused = |name: &'static str, value: String, reason: &str| {
            Err(Error::InvalidParameter { name, value, reason: reason.into() })
        };
        match places.len() {
            0 => refused("places", "[]".into(), "at least one must be named"),
            2.. if self.signed => {
                refused("signed", "true".into(), "maps of several places are fused as numbers from 0 to 1: name one")
            }
            _ => places.iter().map(value).collect(),
        }
    }

    fn map<B: Backend>(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>>
    where
        R: CamRule<B>,
    {
        let parts = self.rule.contributions(site)?;
        let mut expected = site.maps.shape();
        if parts.shape().get(1) == Some(&1) {
            expected[1] = 1;
        }
        Error::check_shape(&format!("contributions of {}", site.rule), &expected, &parts.shape())?;
        let map = if self.eigen_smooth { principal(&parts)? } else { parts.sum(&[1])? };
        if self.signed { Ok(map) } else { map.relu() }
    }
}

impl<M, R, P> Analyzer<M> for Cam<R, P>
where
    M: Differentiable + ?Sized,
    R: CamRule<M::Backend>,
    P: CamPlaces<M>,
{
    fn name(&self) -> String {
        self.title(self.places.named())
    }

    fn kind(&self) -> Kind {
        if self.signed { Kind::Attribution } else { Kind::Cam }
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        let name = self.rule.name();
        inputs.check_one_explained(&name)?;
        let graph = model.graph(inputs.shapes)?;
        let places = self.places.of(model);
        let values = self.values(&graph, &places)?;
        let mut sizes = Vec::new();
        let input = inputs.explained_shapes().next().unwrap_or_default();
        for (value, place) in values.iter().zip(places) {
            let there = graph.nodes()[value.0].shape();
            there.map_or(Ok(()), |shape| self.grid.check(&name, input, shape))?;
            let maps = there.map(|shape| self.grid.shape(&name, shape)).transpose()?;
            check_place_rows(model, inputs.shapes, &graph, place)?;
            self.rule.check(input, maps.as_deref())?;
            sizes.extend(maps.map(|mut maps| maps.split_off(2)));
        }
        check_axes(&sizes)?;
        if self.rule.reads_gradient() { graph.keeping(&values).check_kept() } else { Ok(()) }
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let (name, places) = (self.rule.name(), self.places.of(model));
        let input = call.explained_inputs().next().map(Tensor::shape).unwrap_or_default();
        let graph = call.graph(model)?;
        let graph = graph.keeping(&self.values(&graph, &places)?);
        let (kept, gradients, selection) = match self.rule.reads_gradient() {
            true => {
                let (kept, pullback) = graph.vjp_kept(call.inputs)?;
                let selection = call.target.settle_for(call.inputs, &kept.output)?;
                let gradients = pullback.pull_all(&selection.cotangent(&kept.output)?)?;
                (kept, gradients, selection)
            }
            false => {
                let kept = graph.forward_kept(call.inputs)?;
                let selection = call.target.settle_for(call.inputs, &kept.output)?;
                (kept, vec![None; places.len()], selection)
            }
        };
        let variants = |there: &Tensor<_>| {
            let maps = self.grid.shape(&name, &there.shape()).ok();
            maps.and_then(|maps| maps.get(1).copied()).map_or(0, |channels| self.rule.variants(channels))
        };
        let variants = kept.values.iter().map(variants).fold(0, usize::saturating_add);
        let progress = RefCell::new(self.reporter.start(variants.saturating_mul(call.rows())));
        let mut maps = Vec::with_capacity(places.len());
        for ((&place, there), gradient) in places.iter().zip(&kept.values).zip(gradients) {
            check_rows(place, call.rows(), &there.shape())?;
            self.grid.check(&name, &input, &there.shape())?;
            if self.rule.reads_gradient() && gradient.is_none() {
                return Err(no_gradient(place));
            }
            // Products of small gradients, and sums over large maps, are more or less than a half type holds.
            let as_maps = |there: &Tensor<_>| self.grid.to_maps(&name, &there.widen()?);
            maps.push(self.map(&CamSite {
                rule: &name,
                place,
                grid: self.grid,
                there,
                maps: as_maps(there)?,
                gradient: gradient.as_ref().map(as_maps).transpose()?,
                model: &model,
                call: *call,
                selection: &selection,
                output: &kept.output,
                progress: &progress,
            })?);
        }
        Ok(Attribution {
            values: vec![self.fusion.of(&maps)?],
            output: kept.output,
            selection,
            extras: Extras::default(),
        })
    }
}

fn no_gradient(place: &str) -> Error {
    Error::Detached {
        at: format!("what is behind `{place}`"),
        causes: "a step without a gradient, as a comparison or whole numbers, lies on every way to it".into(),
    }
}
