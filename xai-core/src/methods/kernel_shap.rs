//! KernelSHAP.

use std::cell::RefCell;
use std::ops::Range;

use super::coalitions::Coalitions;
use super::kernel_regression::{Regression, both};
use super::masking::{Found, MaskSettings, features_builder, mask_builders};
use super::sampling::{Rounds, Sampling, relative, sampling_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Masked};
use crate::passes::{Running, within};
use crate::{Differentiable, Result};

/// Shapley values by a weighted regression on coalitions: the φ with Σφ = y(x) - y(fill) that minimise
/// Σ w(|S|)·(y(S) - y(fill) - Σ_{j∈S} φⱼ)², with w(s) = (D - 1) / (C(D, s)·s·(D - s)).
///
/// By forward passes alone: n coalitions, and two for all and for none. Coalitions come in pairs with their
/// complements; the outer sizes are enumerated as long as they fit into n, where each has much weight, and the others
/// are drawn by it, evenly spread over the sizes and none twice. With all 2^D - 2 coalitions the values are the Shapley
/// values. The sum holds exactly for any n, up to rounding, and no feature is left out by a penalty. Values have the
/// input's shape, in output units, signed; each number has the whole value of its feature. Those of the features are
/// [`Extras::feature_values`](crate::Extras::feature_values), with their [standard
/// errors](crate::Extras::standard_error): of the regression's drawn part, infinite where there are fewer pairs than
/// features. Then the shortest of the solutions is taken, apart from even shares.
///
/// Beside the model it keeps 16·D·(D + samples) bytes for the regression of D features, and of each pair that is drawn
/// 8 for each sample: what is left of each output goes into the standard errors. So that none is drawn twice, it keeps
/// D / 8 bytes of a pair and about 40 more, of sizes that have up to 10⁹ pairs.
///
/// Defaults: n = 2·D + 2048, [`Features::about(64)`](Features::about), filled with zeros, seed 0.
///
/// Errors: [`Error::InvalidParameter`](crate::Error::InvalidParameter) for n < 2 or more than 4096 features, which a
/// regression has to solve for: group them; [`Error::Copies`](crate::Error::Copies).
///
/// References: Lundberg, Lee (2017), *A Unified Approach to Interpreting Model Predictions*, arXiv:1705.07874; Covert,
/// Lee (2021), *Improving KernelSHAP: Practical Shapley Value Estimation via Linear Regression*, arXiv:2012.01536.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, array};
/// use xai::{Analyzer, BlackBox, KernelShap};
///
/// // Any function: a table of trees, a service. It reads the first column only.
/// let model = BlackBox::new(|rows: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(rows.slice(ndarray::s![.., ..1]).to_owned())
/// });
/// let why = KernelShap::new().analyze(&model, &array![[3.0, -1.0]], 0)?;
/// assert!((why.values[[0, 0]] - 3.0).abs() < 1e-6);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("KernelExplainer"))]
pub struct KernelShap {
    settings: MaskSettings,
    sampling: Sampling,
    n: Option<usize>,
}

/// The matrix of the regression has 134 MB.
const MOST_FEATURES: usize = 4096;

impl KernelShap {
    /// 2·D + 2048 coalitions of D features.
    pub fn new() -> Self {
        KernelShap { settings: MaskSettings::new(Features::about(64)), sampling: Sampling::new(2), n: None }
    }

    /// So many coalitions, at least 2; an odd number counts as the even one below it.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, ArrayView2, Axis, array};
    /// use xai::{Analyzer, BlackBox, KernelShap};
    ///
    /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
    ///     Ok(x.map_axis(Axis(1), |row| row[0] * row[1] * row[2]).insert_axis(Axis(1)))
    /// });
    /// // Whatever is drawn, the values add up to what the input has more than nothing.
    /// let why = KernelShap::new().n(2).analyze(&model, &array![[1.0, 1.0, 1.0]], 0)?;
    /// assert!((why.values.sum() - 1.0).abs() < 1e-9);
    /// // The input, nothing, a coalition, and its complement.
    /// assert_eq!(why.extras.evaluations, Some(vec![4]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn n(mut self, coalitions: usize) -> Self {
        self.n = Some(coalitions);
        self
    }

    features_builder!(settings);
    sampling_builders!(sampling);
    mask_builders!(settings);
}

impl Default for KernelShap {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for KernelShap {
    fn name(&self) -> String {
        "KernelShap".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, _: &M, inputs: &Inputs<'_>) -> Result<()> {
        Sampling { n: self.n.unwrap_or(2), ..self.sampling.clone() }.check(2)?;
        self.settings.check(inputs)?;
        let features = self.settings.count(inputs)?;
        within("features", features, 1, MOST_FEATURES)?;
        self.sampling.check_limit(&least_rounds(features, self.settings.fill.evaluations()))
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let apart = self.sampling.tolerance.is_some();
        let of_a_copy = self.settings.fill.evaluations();
        let copies = |features| match apart {
            true => self.sampling.copies(1, of_a_copy),
            false => 1 + self.budget(features, of_a_copy),
        };
        self.settings.explain(model, call, apart, copies, |masked, progress| self.find(masked, progress))
    }
}

/// As many pairs as features determine the regression, two have a standard error, and all coalitions have none.
fn least_rounds(features: usize, of_a_copy: usize) -> Rounds {
    let least = least_pairs(features);
    Rounds { first: least, least, of_a_draw: 2 * of_a_copy, before: 1 + of_a_copy }
}

fn least_pairs(features: usize) -> usize {
    features.max(2).min(all_coalitions(features).div_ceil(2))
}

impl KernelShap {
    /// How many coalitions are looked at, or at first: as many as there are at most.
    fn budget(&self, features: usize, of_a_copy: usize) -> usize {
        let all = all_coalitions(features);
        match (self.sampling.tolerance, self.n) {
            (Some(_), _) => {
                let room = self.sampling.max_n.saturating_sub(1 + of_a_copy) / of_a_copy.max(1);
                (4 * features).max(64).min(room).min(all)
            }
            (None, Some(n)) => n.min(all),
            (None, None) => (2 * features + 2048).min(all),
        }
    }

    fn find<M: Differentiable + ?Sized>(&self, masked: &Masked<'_, M>, progress: &mut Running<'_>) -> Result<Found> {
        let (features, of_a_copy) = (masked.features(), masked.evaluations_of_a_copy());
        within("features", features, 1, MOST_FEATURES)?;
        let mut empty = Vec::new();
        masked.run([vec![0.0; features]], progress, |_, y| {
            empty = y.to_vec();
            Ok(())
        })?;
        let (mut budget, all) = (self.budget(features, of_a_copy), all_coalitions(features));
        let mut spent = 1 + of_a_copy;
        loop {
            let coalitions = coalitions_of(features, budget, self.sampling.tolerance.is_some());
            let mut regression = Regression::new(masked, &empty, &coalitions, self.sampling.seed);
            regression.enumerate(progress)?;
            let outer = 2 * coalitions.enumerated_pairs();
            spent += outer * of_a_copy;
            if coalitions.is_complete() {
                let tolerance = self.sampling.tolerance.map(|_| (0.0, true));
                return Ok(regression.found(&empty, spent, tolerance));
            }
            // With a tolerance never more than all coalitions take, which are exact.
            let most = self.sampling.max_n.min(all.saturating_mul(of_a_copy));
            let pairs = Sampling { n: (budget - outer.min(budget)) / 2, max_n: most, ..self.sampling.clone() };
            let (mut drawn, mut followed) = (coalitions.draws(pairs.seed), coalitions.draws(pairs.seed));
            let least = drawn_at_least(features, &coalitions);
            let rounds = Rounds { first: pairs.n.max(8), least, of_a_draw: 2 * of_a_copy, before: spent };
            let regression = RefCell::new(regression);
            let draw = |range: Range<usize>| {
                let masks = range.flat_map(|_| both(&drawn.next_coalition(), features));
                regression.borrow_mut().draw(masks, &mut followed, progress)
            };
            let error = || {
                let (values, errors) = regression.borrow().solve();
                relative(&errors, &values)
            };
            let (done, met) = pairs.run(&rounds, draw, error)?;
            spent += 2 * done * of_a_copy;
            let fits = spent.saturating_add(all.saturating_mul(of_a_copy)) <= self.sampling.max_n;
            if !matches!(met, Some((_, false))) || !fits {
                return Ok(regression.into_inner().found(&empty, spent, met));
            }
            budget = all;
        }
    }
}

/// Those of a budget. With a tolerance, enough of them are left to be drawn for a standard error: outer sizes are
/// enumerated only where the budget has room for both.
fn coalitions_of(features: usize, budget: usize, to_tolerance: bool) -> Coalitions {
    let coalitions = Coalitions::new(features, budget);
    let left = budget.saturating_sub(2 * coalitions.enumerated_pairs()) / 2;
    if !to_tolerance || coalitions.is_complete() || left >= drawn_at_least(features, &coalitions) {
        return coalitions;
    }
    Coalitions::new(features, 2 * least_pairs(features))
}

/// So many pairs beside those that are enumerated.
fn drawn_at_least(features: usize, coalitions: &Coalitions) -> usize {
    features.saturating_sub(coalitions.enumerated_pairs()).max(2)
}

/// 2^D - 2, where that is a number.
fn all_coalitions(features: usize) -> usize {
    u32::try_from(features)
        .ok()
        .and_then(|features| 1usize.checked_shl(features))
        .map_or(usize::MAX, |all| if all == 0 { usize::MAX } else { all.saturating_sub(2) })
}
