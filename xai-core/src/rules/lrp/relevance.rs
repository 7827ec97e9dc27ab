//! Layer-wise relevance propagation: [`Relevance`].

use super::composite::Composite;
use super::constant_deviation::with_constant_deviation;
use super::first::first;
use super::moved::Moved;
use super::plan::Condition;
use super::propagation::{Plan, Propagation, Touch};
use super::rule::{Bound, check_stabilizes};
use super::seen::{bound_of, seen};
use super::split::split;
use super::weighted::Weighted;
use crate::graph::{Graph, Rules, Site, Step};
use crate::rules::Unknown;
use crate::{Backend, Error, Op, Pullback, Result, Tensor};

/// Layer-wise relevance propagation through one graph.
///
/// What comes back to a value is a multiplier m, where relevance is R = x · m. So sums, concatenations, poolings and
/// layers that are used again need no rule: relevance is split as values are, and nothing is divided there. From the
/// first layer on it is relevance itself, where that layer's rule gives some to inputs that are 0.
///
/// [`Lrp`](crate::Lrp) goes back by it: of a linear layer by rule 0, the multiplier is the weight.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Linear;
/// use xai::rules::Composite;
/// use xai::{Analyzer, Lrp, NdArray, Net, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[2.0, -1.0]].view().into_dyn(), &())?;
/// let net = Net::new(Linear::new(weight, None)?);
/// let why = Lrp::new(Composite::new()).analyze(&net, &array![[1.0, 3.0]], 0)?;
/// assert!((&why.values - &array![[2.0, -3.0]]).iter().all(|gap| gap.abs() < 1e-9));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug)]
pub struct Relevance {
    name: &'static str,
    plan: Plan,
    stabilizer: f64,
}

/// What stabilises where all relevance passes: next to nothing.
const BARELY: f64 = 1e-12;

impl Relevance {
    /// The rules of a composite for each step of a graph.
    pub(crate) fn new<B: Backend>(
        name: &'static str,
        graph: &Graph<'_, B>,
        explained: &[bool],
        (composite, stabilizer): (&Composite, f64),
        conditions: &[Condition],
        unknown: Unknown,
    ) -> Result<Self> {
        let plan = Plan::new(graph, explained, composite, conditions, unknown)?;
        if let Some(at) = graph.placement() {
            let of_quotients = B::largest_number(&B::counting(&at));
            composite.check_fits(B::largest_number(&at), of_quotients)?;
            check_stabilizes("stabilizer", stabilizer, of_quotients)?;
        }
        Ok(Relevance { name, plan, stabilizer })
    }

    /// Whether what comes back to an input of the graph is relevance itself, and not a multiplier.
    pub(crate) fn is_relevance(&self, input: usize) -> bool {
        self.plan.relevance.get(input) == Some(&true)
    }

    /// For each input of a step, whether a multiplier that comes back to it has to become relevance.
    fn becomes_relevance<B: Backend>(&self, site: &Site<'_, '_, B>) -> Vec<bool> {
        let in_relevance_form = self.plan.relevance[site.id()]
            || matches!(self.plan.ways[site.id()], Propagation::First { .. } | Propagation::Through);
        let inputs = site.node().inputs().iter().zip(site.wanted());
        inputs.map(|(value, &wanted)| wanted && !in_relevance_form && self.plan.relevance[value.0]).collect()
    }

    fn back<'m, B: Backend>(
        &self,
        site: &Site<'_, 'm, B>,
        inputs: &[Tensor<B>],
    ) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        let wanted = site.wanted().to_vec();
        match &self.plan.ways[site.id()] {
            Propagation::Gradient => site.vjp(inputs),
            Propagation::Refused(_) => {
                Err(self.check(site).err().unwrap_or_else(|| Error::backend(B::NAME, "no rule")))
            }
            Propagation::Secant(f) => {
                let (f, x) = (*f, inputs[0].clone());
                // No product with 0, which would be NaN for what is infinite.
                let zeros = Tensor::<B>::new(B::one_hot(&x.shape(), &[], &x.placement())?);
                let pull = move |m: &Tensor<B>| B::secant_pull(f, zeros.inner(), x.inner(), m.inner()).map(Tensor::new);
                Ok((site.forward(inputs)?, Pullback::new(pull)))
            }
            Propagation::Stabilised(eps) => ratio_to_input(site, inputs, *eps),
            Propagation::Pass => ratio_to_input(site, inputs, BARELY),
            Propagation::ConstantDeviation => match site.op() {
                Some(op) => Ok((site.forward(inputs)?, with_constant_deviation(op, &inputs[0])?)),
                None => site.vjp(inputs),
            },
            Propagation::Halves => {
                let (y, pull) = site.vjp(inputs)?;
                Ok((y, Pullback::of_all(move |m| pull.pull_all(&m.scale(0.5)?))))
            }
            Propagation::Numerator => {
                let (y, pull) = site.vjp(inputs)?;
                let first = move |m: &Tensor<B>| {
                    let numerator = pull.pull_all(m)?.into_iter().next().flatten();
                    Ok(vec![numerator, None])
                };
                Ok((y, Pullback::of_all(first)))
            }
            Propagation::Through => {
                let y = site.forward(inputs)?;
                let pull = move |r: &Tensor<B>| Ok(wanted.iter().map(|wanted| wanted.then(|| r.clone())).collect());
                Ok((y, Pullback::of_all(pull)))
            }
            Propagation::Split { rule, run, rectifier, not_negative } => {
                let layer = Weighted::of(site, *run, inputs)?;
                let moved = Moved::of(site, *run);
                let forward = || moved.back(&site.run_forward(self.run(site), inputs)?);
                let (y, pull) = split(rule, layer, forward, *rectifier, *not_negative, self.stabilizer)?;
                let (y, pull) = moved.on(y, pull)?;
                Ok((y, to_wanted(pull, wanted)))
            }
            Propagation::First { rule, run } => {
                let moved = Moved::of(site, *run);
                let forward = || moved.back(&site.run_forward(*run, inputs)?);
                let (layer, x) = Weighted::of(site, *run, inputs)?;
                let varies = wanted.iter().position(|&wanted| wanted).unwrap_or(0);
                let seen = seen(site, varies, &x)?;
                let given = x.clone();
                let bound_of = |bound: &Bound| bound_of(bound, site, varies, &given);
                let (y, pull) = first(rule, (layer, x), seen, bound_of, forward, self.stabilizer)?;
                let (y, pull) = moved.on(y, pull)?;
                Ok((y, to_wanted(pull, wanted)))
            }
        }
    }
}

/// The one part to the only input that is wanted.
fn to_wanted<'m, B: Backend>(pull: Pullback<'m, B>, wanted: Vec<bool>) -> Pullback<'m, B> {
    Pullback::of_all(move |v| {
        let part = pull.pull(v)?;
        Ok(wanted.iter().map(|wanted| wanted.then(|| part.clone())).collect())
    })
}

/// m · y / stab(x), of a step that leaves each number at its place.
fn ratio_to_input<'m, B: Backend>(
    site: &Site<'_, 'm, B>,
    inputs: &[Tensor<B>],
    eps: f64,
) -> Result<(Tensor<B>, Pullback<'m, B>)> {
    let (y, x) = (site.forward(inputs)?, inputs[0].clone());
    let at = y.clone();
    let pull = move |m: &Tensor<B>| B::ratio_pull(m.inner(), at.inner(), x.inner(), eps).map(Tensor::new);
    Ok((y, Pullback::new(pull)))
}

impl<B: Backend> Rules<B> for Relevance {
    fn takes(&self, site: &Site<'_, '_, B>) -> bool {
        !matches!(self.plan.ways.get(site.id()), Some(Propagation::Gradient))
            || self.becomes_relevance(site).contains(&true)
    }

    fn check(&self, site: &Site<'_, '_, B>) -> Result<()> {
        match (&self.plan.ways[site.id()], site.node().step()) {
            (Propagation::Refused(reason), _) => Err(Error::NoRule {
                rules: self.name.into(),
                what: site.op().map_or("code that nobody can look into", Op::name).into(),
                reason: reason.clone(),
            }),
            (_, Step::Opaque(code)) if code.vjp.is_none() => Err(code.without()),
            _ => Ok(()),
        }
    }

    fn vjp<'m>(&self, site: &Site<'_, 'm, B>, inputs: &[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        let (y, pull) = self.back(site, inputs)?;
        let becomes = self.becomes_relevance(site);
        if !becomes.contains(&true) {
            return Ok((y, pull));
        }
        let inputs = inputs.to_vec();
        let to_relevance = move |m: &Tensor<B>| {
            let parts = pull.pull_all(m)?.into_iter().zip(inputs.iter().zip(&becomes));
            let part = |(part, (x, becomes)): (Option<Tensor<B>>, (&Tensor<B>, &bool))| match part {
                Some(m) if *becomes => m.mul(x).map(Some),
                part => Ok(part),
            };
            parts.map(part).collect()
        };
        Ok((y, Pullback::of_all(to_relevance)))
    }

    fn run(&self, site: &Site<'_, '_, B>) -> usize {
        match &self.plan.ways[site.id()] {
            Propagation::Split { run, rectifier, .. } => run + usize::from(rectifier.is_some()),
            Propagation::First { run, .. } => *run,
            _ => 1,
        }
    }

    fn touches(&self, site: &Site<'_, '_, B>) -> bool {
        self.plan.touches.contains_key(&site.id())
    }

    fn touch<'m>(&self, site: &Site<'_, 'm, B>, y: &Tensor<B>) -> Result<Pullback<'m, B>> {
        let touches = self.plan.touches.get(&site.id()).cloned().unwrap_or_default();
        let prepared = touches.iter().map(|touch| touch.of(y)).collect::<Result<Vec<_>>>()?;
        Ok(Pullback::new(move |m: &Tensor<B>| prepared.iter().try_fold(m.clone(), |m, touch| touch.pull(&m))))
    }
}

impl Touch {
    fn of<'m, B: Backend>(&self, y: &Tensor<B>) -> Result<Pullback<'m, B>> {
        match self {
            Touch::Epsilon(eps) => {
                let (z, eps) = (y.clone(), *eps);
                let pull = move |m: &Tensor<B>| B::ratio_pull(m.inner(), z.inner(), z.inner(), eps).map(Tensor::new);
                Ok(Pullback::new(pull))
            }
            Touch::Only { axis, places } => {
                let shape = y.shape();
                let mut along = vec![1; shape.len()];
                along[*axis] = shape[*axis];
                let mask = Tensor::<B>::one_hot(&along, places, &y.placement())?;
                Ok(Pullback::new(move |m: &Tensor<B>| m.mul(&mask)))
            }
        }
    }
}
