//! Owen values over a tree of regions.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use ndarray::Array2;

use super::masking::{Found, MaskSettings, features_builder, mask_builders};
use super::regions::Regions;
use super::shapley_sampling::gap;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Mask, Masked};
use crate::passes::{MOST_COPIES, Running, within};
use crate::{Differentiable, Result};

/// Owen values: Shapley values in which regions come in as a whole. The input is halved, and the halves again, down to
/// single features; φ is the mean over orders in which at each place of this tree one half comes in before the other.
///
/// By forward passes alone: regions are halved as long as n evaluations last, those first whose change of the output is
/// largest; what is left undivided is shared evenly among its features. So each sample has its own regions in detail,
/// and samples are worked on one by one. With D² evaluations or so every feature stands alone, and the values are the
/// Owen values. Values have the input's shape, in output units, signed; each number has the whole value of its feature.
/// Those of the features ([`Extras::feature_values`](crate::Extras::feature_values)) add up to y(x) - y(fill) for any
/// n.
///
/// Features are halved by their places, across the longest side of the region that they take up: at equal sides across
/// the first axis. Of several explained inputs, each is a region.
///
/// Defaults: n = 500, [`Features::about(64)`](Features::about), filled with zeros.
///
/// Errors: [`Error::InvalidParameter`](crate::Error::InvalidParameter) for n < 1;
/// [`Error::Copies`](crate::Error::Copies).
///
/// References: Owen (1977), *Values of games with a priori unions*; Lundberg and others, the partition explainer of
/// `shap`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, array};
/// use xai::{Analyzer, BlackBox, Owen};
///
/// // Any function: a table of trees, a service. It reads the first column only.
/// let model = BlackBox::new(|rows: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(rows.slice(ndarray::s![.., ..1]).to_owned())
/// });
/// let why = Owen::new().analyze(&model, &array![[3.0, -1.0]], 0)?;
/// assert!((why.values[[0, 0]] - 3.0).abs() < 1e-6);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("PartitionExplainer"))]
pub struct Owen {
    settings: MaskSettings,
    n: usize,
}

impl Owen {
    /// At most 500 evaluations for a sample.
    pub fn new() -> Self {
        Owen { settings: MaskSettings::new(Features::about(64)), n: 500 }
    }

    /// At most so many evaluations for each sample beside the clean one, at least 1: two for each halving, and one for
    /// the input with nothing.
    #[must_use]
    pub fn n(mut self, evaluations: usize) -> Self {
        self.n = evaluations;
        self
    }

    features_builder!(settings);
    mask_builders!(settings);
}

impl Default for Owen {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for Owen {
    fn name(&self) -> String {
        "Owen".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, _: &M, inputs: &Inputs<'_>) -> Result<()> {
        within("n", self.n, self.settings.fill.evaluations(), MOST_COPIES)?;
        self.settings.check(inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.settings.explain(model, call, true, |_| self.n, |masked, progress| self.find(masked, progress))
    }
}

/// So many regions are halved at the same time, whatever the chunk, so that passes are filled.
const ROUND: usize = 16;

/// A region with something of the rest present beside it.
#[derive(Debug)]
struct Part {
    /// Its share in the mean over orders.
    weight: f64,
    region: usize,
    /// What is present of the others.
    beside: Vec<bool>,
    /// The output without and with the region.
    ends: [f64; 2],
    /// Of equal ones the earlier goes first.
    number: usize,
}

impl Part {
    fn effect(&self) -> f64 {
        self.weight * (self.ends[1] - self.ends[0])
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        self.effect().abs().total_cmp(&other.effect().abs()).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Part {}

impl Owen {
    fn find<M: Differentiable + ?Sized>(&self, masked: &Masked<'_, M>, progress: &mut Running<'_>) -> Result<Found> {
        let (features, of_a_copy) = (masked.features(), masked.evaluations_of_a_copy());
        let regions = Regions::halved(&masked.places());
        let clean = masked.clean().first().copied().unwrap_or(f64::NAN);
        let mut values = Array2::zeros((1, features));
        let run = |masks: Vec<Mask>, progress: &mut Running<'_>| -> Result<Vec<f64>> {
            let mut found = Vec::with_capacity(masks.len());
            masked.run(masks, progress, |_, y| {
                found.extend_from_slice(y);
                Ok(())
            })?;
            Ok(found)
        };
        let empty = run(vec![Mask::Features(vec![0.0; features])], progress)?.first().copied().unwrap_or(f64::NAN);
        let whole = Part { weight: 1.0, region: 0, beside: vec![false; features], ends: [empty, clean], number: 0 };
        let (mut waiting, mut spent, mut number) = (BinaryHeap::from([whole]), of_a_copy, 0);
        loop {
            let mut chosen = Vec::new();
            // Together go those that change the output half as much as the first, or more.
            let least = waiting.peek().map_or(0.0, |first| first.effect().abs() / 2.0);
            while chosen.len() < ROUND && spent + 2 * of_a_copy <= self.n {
                if !chosen.is_empty() && waiting.peek().is_none_or(|part| part.effect().abs() < least) {
                    break;
                }
                let Some(part) = waiting.pop() else { break };
                match regions.halves(part.region) {
                    None => values[[0, regions.features(part.region)[0]]] += part.effect(),
                    Some(halves) => {
                        spent += 2 * of_a_copy;
                        chosen.push((part, halves));
                    }
                }
            }
            if chosen.is_empty() {
                break;
            }
            let with = |part: &Part, half: usize| {
                let mut present = part.beside.clone();
                regions.features(half).iter().for_each(|&feature| present[feature] = true);
                present
            };
            let masks = chosen.iter().flat_map(|(part, halves)| halves.map(|half| Mask::of(with(part, half))));
            let found = run(masks.collect(), progress)?;
            for ((part, [left, right]), y) in chosen.into_iter().zip(found.chunks_exact(2)) {
                let ([none, all], [with_left, with_right]) = (part.ends, [y[0], y[1]]);
                let (beside_left, beside_right) = (with(&part, left), with(&part, right));
                // Each half first, with what was there; and second, with the other half beside it.
                for (region, beside, ends) in [
                    (left, part.beside.clone(), [none, with_left]),
                    (left, beside_right, [with_right, all]),
                    (right, part.beside, [none, with_right]),
                    (right, beside_left, [with_left, all]),
                ] {
                    number += 1;
                    waiting.push(Part { weight: part.weight / 2.0, region, beside, ends, number });
                }
            }
        }
        for part in waiting.into_sorted_vec() {
            let features = regions.features(part.region);
            #[allow(clippy::cast_precision_loss)]
            let share = part.effect() / features.len() as f64;
            features.iter().for_each(|&feature| values[[0, feature]] += share);
        }
        let gap = Some(gap(&values, masked.clean(), &[empty]));
        Ok(Found { values, standard_error: None, gap, evaluations: 1 + spent, tolerance: None })
    }
}
