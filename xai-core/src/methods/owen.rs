//! Owen values over a tree of regions.

use std::collections::BinaryHeap;
use std::rc::Rc;

use ndarray::Array2;

use super::feature_tree::FeatureTree;
use super::masking::{Found, MaskSettings, features_builder, mask_builders};
use super::regions::{Part, Regions, share, subsets};
use super::shapley_sampling::gap;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Mask, Masked};
use crate::passes::{MOST_COPIES, Running, within};
use crate::{Differentiable, Error, Result};

/// Owen values: Shapley values in which regions come in as a whole. The input is halved, and the halves again, down to
/// single features; or it is divided by a [`tree`](Owen::tree) of your own. φ is the mean over orders in which what
/// belongs to a region stays together, at each place of this tree.
///
/// By forward passes alone: regions are divided as long as n evaluations last, those first whose change of the output
/// is largest; what is left undivided is shared evenly among its features. So each sample has its own regions in
/// detail, and samples are worked on one by one. With D² evaluations or so every feature stands alone, and the values
/// are the Owen values. Values have the input's shape, in output units, signed; each number has the whole value of its
/// feature. Those of the features ([`Extras::feature_values`](crate::Extras::feature_values)) add up to y(x) - y(fill)
/// for any n.
///
/// Without a tree, features are halved by their places, across the longest side of the region that they take up: at
/// equal sides across the first axis. Of several explained inputs, each is a region.
///
/// Defaults: n = 500, halves, [`Features::about(64)`](Features::about), filled with zeros.
///
/// Errors: [`Error::InvalidParameter`] for n < 1, and for a tree in which a feature is missing or stands twice;
/// [`Error::Unsupported`] for a tree of features that differ by sample; [`Error::Copies`].
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
/// // One evaluation tells what there is to share, and nothing of whose it is.
/// let why = Owen::new().n(1).analyze(&model, &array![[3.0, -1.0]], 0)?;
/// assert_eq!(why.values, array![[1.5, 1.5]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("PartitionExplainer"))]
pub struct Owen {
    settings: MaskSettings,
    n: usize,
    tree: Option<FeatureTree>,
}

impl Owen {
    /// At most 500 evaluations for a sample.
    pub fn new() -> Self {
        Owen { settings: MaskSettings::new(Features::about(64)), n: 500, tree: None }
    }

    /// Regions of your own in place of halves: groups, a clustering's merges, or any tree of them. Of k parts side by
    /// side each gets its Shapley value among them, from 2ᵏ - 2 evaluations: k = 16 at most.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, ArrayView2, Axis, array};
    /// use xai::{Analyzer, BlackBox, FeatureTree, Owen};
    ///
    /// // min(a, b + c): one region of all three, or b and c as one.
    /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
    ///     Ok(x.map_axis(Axis(1), |row| row[0].min(row[1] + row[2])).insert_axis(Axis(1)))
    /// });
    /// let trees = [FeatureTree::new([0, 1, 2]), FeatureTree::groups([vec![0], vec![1, 2]])];
    /// for (tree, values) in trees.into_iter().zip([array![[4.0, 1.0, 1.0]], array![[3.0, 1.5, 1.5]]]) {
    ///     let why = Owen::new().tree(tree).analyze(&model, &array![[6.0, 6.0, 6.0]], 0)?;
    ///     assert!((why.values - values).iter().all(|gap| gap.abs() < 1e-12));
    /// }
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn tree(mut self, tree: impl Into<FeatureTree>) -> Self {
        self.tree = Some(tree.into());
        self
    }

    /// At most so many evaluations for each sample beside the clean one, at least 1: two for each halving, and one for
    /// the input with nothing. A region whose parts would cost more than there are left stays undivided.
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
        self.settings.check(inputs)?;
        let Some(tree) = &self.tree else { return Ok(()) };
        if self.settings.features.differ_by_sample() {
            let reason =
                "each sample has features of its own, and a tree is of the same ones: leave out one of the two";
            return Err(Error::Unsupported { analyzer: "Owen".into(), reason: reason.into() });
        }
        tree.check(self.settings.count(inputs)?)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let copies = |_| self.n / self.settings.fill.evaluations().max(1);
        self.settings.explain(model, call, true, copies, |masked, progress| self.find(masked, progress))
    }
}

/// So many regions are divided at the same time, whatever the chunk, so that passes are filled.
const ROUND: usize = 16;

impl Owen {
    fn find<M: Differentiable + ?Sized>(&self, masked: &Masked<'_, M>, progress: &mut Running<'_>) -> Result<Found> {
        let (features, of_a_copy) = (masked.features(), masked.evaluations_of_a_copy());
        let regions = &match &self.tree {
            Some(tree) => {
                tree.check(features)?;
                Regions::of(tree)
            }
            None => Regions::halved(&masked.places()),
        };
        let clean = masked.clean().first().copied().unwrap_or(f64::NAN);
        let nothing = Mask::Features(vec![0.0; features]);
        let empty = outputs(masked, [nothing], progress)?.first().copied().unwrap_or(f64::NAN);
        let beside = vec![false; features].into();
        let whole = Part { weight: 1.0, region: 0, beside, ends: [empty, clean], number: 0 };
        let (mut waiting, mut undivided) = (BinaryHeap::from([whole]), Vec::new());
        let (mut spent, mut number) = (of_a_copy, 0);
        loop {
            let mut chosen: Vec<Part> = Vec::new();
            // Together go those that change the output half as much as the first, or more.
            let least = waiting.peek().map_or(0.0, |first| first.effect().abs() / 2.0);
            while chosen.len() < ROUND {
                if !chosen.is_empty() && waiting.peek().is_none_or(|part| part.effect().abs() < least) {
                    break;
                }
                let Some(part) = waiting.pop() else { break };
                let parts = regions.parts(part.region).len();
                let cost = (subsets(parts).saturating_sub(2)).saturating_mul(of_a_copy);
                if parts == 0 || spent.saturating_add(cost) > self.n {
                    undivided.push(part);
                } else {
                    spent += cost;
                    chosen.push(part);
                }
            }
            if chosen.is_empty() {
                break;
            }
            let proper = |part: &Part| 1..subsets(regions.parts(part.region).len()) - 1;
            let masks = chosen.iter().flat_map(|part| proper(part).map(|subset| Mask::of(part.with(subset, regions))));
            let found = outputs(masked, masks, progress)?;
            let mut found = found.into_iter();
            for part in chosen {
                let mut y = vec![part.ends[0]];
                y.extend(found.by_ref().take(proper(&part).len()));
                y.push(part.ends[1]);
                let beside: Vec<Rc<[bool]>> = (0..y.len()).map(|subset| part.with(subset, regions).into()).collect();
                let parts = regions.parts(part.region);
                for (place, &region) in parts.iter().enumerate() {
                    let own = 1 << place;
                    // The part behind each subset of the others.
                    for before in (0..y.len()).filter(|subset| subset & own == 0) {
                        number += 1;
                        let weight = part.weight * share(parts.len(), before.count_ones() as usize);
                        let (beside, ends) = (Rc::clone(&beside[before]), [y[before], y[before | own]]);
                        waiting.push(Part { weight, region, beside, ends, number });
                    }
                }
            }
        }
        let mut values = Array2::zeros((1, features));
        for part in undivided {
            let features = regions.features(part.region);
            #[allow(clippy::cast_precision_loss)]
            let share = part.effect() / features.len() as f64;
            features.iter().for_each(|&feature| values[[0, feature]] += share);
        }
        let gap = Some(gap(&values, masked.clean(), &[empty]));
        Ok(Found { values, standard_error: None, gap, evaluations: 1 + spent, tolerance: None })
    }
}

/// The outputs on copies of the one sample.
fn outputs<M: Differentiable + ?Sized>(
    masked: &Masked<'_, M>,
    masks: impl IntoIterator<Item = Mask>,
    progress: &mut Running<'_>,
) -> Result<Vec<f64>> {
    let mut found = Vec::new();
    masked.run(masks, progress, |_, y| {
        found.extend_from_slice(y);
        Ok(())
    })?;
    Ok(found)
}
