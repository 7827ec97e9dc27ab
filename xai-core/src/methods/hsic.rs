//! HSIC.

use std::cell::RefCell;

use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::masking::{Found, MaskSettings, features_builder, mask_builders};
use super::sampling::{Rounds, Sampling, relative, sampling_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Mask, Masked};
use crate::passes::{Running, within};
use crate::{Differentiable, Result};

/// The Hilbert-Schmidt independence criterion between the presence of each feature and the output: zero in expectation
/// where the output does not depend on it in any way, also not by interactions of an even sort.
///
/// By forward passes alone, n masks of even chances and the clean one. The kernel of masks is 1 where both have the
/// feature or both have not, and that of outputs exp(-(y - y')² / 2σ²) with the median of all |y - y'| above 0 for σ.
/// It is the unbiased estimate, so that values of features that do nothing are around zero, on either side. Values have
/// the input's shape and no unit; each number has the whole value of its feature. Those of the features are
/// [`Extras::feature_values`](crate::Extras::feature_values), with their [standard
/// errors](crate::Extras::standard_error), by the jackknife: of features that matter little these are too large rather
/// than too small, in the mean over seeds.
///
/// Defaults: n = 500, [`Features::about(64)`](Features::about), filled with zeros, seed 0. It takes n² numbers of
/// memory and n²·D operations beside the model.
///
/// Errors: [`Error::InvalidParameter`](crate::Error::InvalidParameter) for n below 5 or above 5000;
/// [`Error::Copies`](crate::Error::Copies).
///
/// References: Novello, Fel, Vigouroux (2022), *Making Sense of Dependence: Efficient Black-box Explanations Using
/// Dependence Measure*, arXiv:2206.06219; Song, Smola, Gretton, Bedo, Borgwardt (2012), *Feature Selection via
/// Dependence Maximization*, JMLR 13.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, array};
/// use xai::{Analyzer, BlackBox, Hsic};
///
/// // Any function: a table of trees, a service. It reads the first column only.
/// let model = BlackBox::new(|rows: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(rows.slice(ndarray::s![.., ..1]).to_owned())
/// });
/// let why = Hsic::new().n(200).analyze(&model, &array![[3.0, -1.0]], 0)?;
/// assert!(why.values[[0, 0]] > why.values[[0, 1]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("HsicAttributionMethod"))]
pub struct Hsic {
    settings: MaskSettings,
    sampling: Sampling,
}

/// The outputs' kernel has 200 MB.
const MOST_MASKS: usize = 5000;

impl Hsic {
    /// 500 masks.
    pub fn new() -> Self {
        Hsic { settings: MaskSettings::new(Features::about(64)), sampling: Sampling::new(500) }
    }

    /// So many masks, from 5 to 5000.
    #[must_use]
    pub fn n(mut self, masks: usize) -> Self {
        self.sampling.n = masks;
        self
    }

    features_builder!(settings);
    sampling_builders!(sampling);
    mask_builders!(settings);
}

impl Default for Hsic {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for Hsic {
    fn name(&self) -> String {
        "Hsic".into()
    }

    fn kind(&self) -> Kind {
        Kind::Importance
    }

    fn check(&self, _: &M, inputs: &Inputs<'_>) -> Result<()> {
        within("n", self.sampling.n, 5, MOST_MASKS)?;
        self.sampling.check(5)?;
        self.settings.check(inputs)?;
        self.sampling.check_limit(&rounds(self.settings.fill.evaluations()))
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let apart = self.sampling.tolerance.is_some();
        let copies = |_| self.sampling.copies(1, self.settings.fill.evaluations());
        self.settings.explain(model, call, apart, copies, |masked, progress| self.find(masked, progress))
    }
}

/// The unbiased estimate takes four masks, and one is left out of five.
fn rounds(of_a_copy: usize) -> Rounds {
    Rounds { first: 100, least: 5, of_a_draw: of_a_copy, before: 1 }
}

impl Hsic {
    fn find<M: Differentiable + ?Sized>(&self, masked: &Masked<'_, M>, progress: &mut Running<'_>) -> Result<Found> {
        let (features, samples, of_a_copy) = (masked.features(), masked.clean().len(), masked.evaluations_of_a_copy());
        let sampling = Sampling { max_n: self.sampling.max_n.min(1 + MOST_MASKS * of_a_copy), ..self.sampling.clone() };
        let mut rng = ChaCha8Rng::seed_from_u64(sampling.seed);
        let mut next = || (0..features).map(|_| rng.random()).collect::<Vec<bool>>();
        let seen = RefCell::new((Vec::<Vec<bool>>::new(), vec![Vec::new(); samples]));
        let draw = |range: std::ops::Range<usize>| {
            let drawn: Vec<Vec<bool>> = range.map(|_| next()).collect();
            let mut seen = seen.borrow_mut();
            let (masks, outputs) = &mut *seen;
            masked.run(drawn.iter().map(|mask| Mask::of(mask.iter().copied())), progress, |_, y| {
                outputs.iter_mut().zip(y).for_each(|(outputs, y)| outputs.push(*y));
                Ok(())
            })?;
            masks.extend(drawn);
            Ok(())
        };
        let solve = || {
            let seen = seen.borrow();
            let (masks, outputs) = &*seen;
            let (mut values, mut errors) = (Array2::zeros((samples, features)), Array2::zeros((samples, features)));
            for (sample, outputs) in outputs.iter().enumerate() {
                let kernel = OutputKernel::new(outputs);
                for feature in 0..features {
                    let present: Vec<bool> = masks.iter().map(|mask| mask[feature]).collect();
                    (values[[sample, feature]], errors[[sample, feature]]) = kernel.dependence(&present);
                }
            }
            (values, errors)
        };
        let error = || {
            let (values, errors) = solve();
            relative(&errors, &values)
        };
        let (n, tolerance) = sampling.run(&rounds(of_a_copy), draw, error)?;
        let (values, errors) = solve();
        Ok(Found { values, standard_error: Some(errors), gap: None, evaluations: 1 + n * of_a_copy, tolerance })
    }
}

/// The kernel of outputs, without its diagonal, and its sums.
struct OutputKernel {
    kernel: Array2<f64>,
    rows: Array1<f64>,
    total: f64,
}

impl OutputKernel {
    fn new(outputs: &[f64]) -> Self {
        let n = outputs.len();
        let mut distances: Vec<f64> = (0..n)
            .flat_map(|a| (0..a).map(move |b| (outputs[a] - outputs[b]).abs()))
            .filter(|distance| *distance > 0.0)
            .collect();
        // Where all outputs are the same, so are all kernels of theirs.
        let middle = distances.len() / 2;
        let width = match distances.is_empty() {
            true => 1.0,
            false => *distances.select_nth_unstable_by(middle, f64::total_cmp).1,
        };
        let kernel = Array2::from_shape_fn((n, n), |(a, b)| match a == b {
            true => 0.0,
            false => (-0.5 * ((outputs[a] - outputs[b]) / width).powi(2)).exp(),
        });
        let rows = kernel.sum_axis(ndarray::Axis(1));
        OutputKernel { total: rows.sum(), kernel, rows }
    }

    /// The unbiased estimate, and its standard deviation by leaving out each mask once.
    #[allow(clippy::cast_precision_loss)]
    fn dependence(&self, present: &[bool]) -> (f64, f64) {
        let n = present.len();
        let having = present.iter().filter(|&&present| present).count();
        // Of the masks' kernel each row sums up to how many others are alike.
        let alike = |a: usize| (if present[a] { having } else { n - having }) as f64 - 1.0;
        // For each mask: Σ K·L, Σ L over those alike, weighted sums of both kernels' rows.
        let (mut both, mut of_rows) = (vec![0.0; n], vec![0.0; n]);
        let sums = [true, false].map(|side| {
            let rows = self.rows.iter().zip(present).filter(|(_, present)| **present == side);
            rows.map(|(row, _)| row).sum::<f64>()
        });
        let mut cross = vec![0.0; n];
        for a in 0..n {
            let (mut with, mut weighted) = (0.0, 0.0);
            for (b, kernel) in self.kernel.row(a).iter().enumerate() {
                with += if present[a] == present[b] { *kernel } else { 0.0 };
                weighted += kernel * alike(b);
            }
            both[a] = with;
            cross[a] = weighted;
            of_rows[a] = sums[usize::from(!present[a])] - self.rows[a];
        }
        let trace: f64 = both.iter().sum();
        let of_masks: f64 = (0..n).map(alike).sum();
        let product: f64 = (0..n).map(|a| alike(a) * self.rows[a]).sum();
        let whole = unbiased(n, trace, of_masks, self.total, product);
        let left_out = (0..n).map(|a| {
            let product = product - alike(a) * self.rows[a] - of_rows[a] - cross[a] + both[a];
            let (trace, of_masks) = (trace - 2.0 * both[a], of_masks - 2.0 * alike(a));
            unbiased(n - 1, trace, of_masks, self.total - 2.0 * self.rows[a], product)
        });
        let left_out: Vec<f64> = left_out.collect();
        let mean = left_out.iter().sum::<f64>() / n as f64;
        let squares: f64 = left_out.iter().map(|value| (value - mean).powi(2)).sum();
        (whole, (squares * (n - 1) as f64 / n as f64).sqrt())
    }
}

/// (tr KL + ΣK·ΣL / ((n - 1)(n - 2)) - 2·1ᵀKL1 / (n - 2)) / (n·(n - 3)), for kernels without diagonals.
#[allow(clippy::cast_precision_loss)]
fn unbiased(n: usize, trace: f64, of_masks: f64, of_outputs: f64, product: f64) -> f64 {
    let n = n as f64;
    (trace + of_masks * of_outputs / ((n - 1.0) * (n - 2.0)) - 2.0 * product / (n - 2.0)) / (n * (n - 3.0))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::{OutputKernel, unbiased};

    /// By the formula, with whole matrices, and with each mask left out.
    fn by_matrices(present: &[bool], kernel: &Array2<f64>, leave: Option<usize>) -> f64 {
        let kept: Vec<usize> = (0..present.len()).filter(|&a| Some(a) != leave).collect();
        let alike = |a: usize, b: usize| f64::from(u8::from(a != b && present[a] == present[b]));
        let k = Array2::from_shape_fn((kept.len(), kept.len()), |(a, b)| alike(kept[a], kept[b]));
        let l = Array2::from_shape_fn(k.dim(), |(a, b)| kernel[[kept[a], kept[b]]]);
        unbiased(kept.len(), (&k * &l).sum(), k.sum(), l.sum(), k.dot(&l).sum())
    }

    #[test]
    fn sums_are_those_of_the_matrices() {
        let outputs = [0.3, -1.0, 2.0, 0.31, 0.9, -0.4, 1.7];
        let present = [true, false, true, true, false, false, true];
        let kernel = OutputKernel::new(&outputs);
        let (value, error) = kernel.dependence(&present);
        assert!((value - by_matrices(&present, &kernel.kernel, None)).abs() < 1e-14);
        let left: Vec<f64> = (0..7).map(|a| by_matrices(&present, &kernel.kernel, Some(a))).collect();
        let mean = left.iter().sum::<f64>() / 7.0;
        let expected = (left.iter().map(|v| (v - mean).powi(2)).sum::<f64>() * 6.0 / 7.0).sqrt();
        assert!((error - expected).abs() < 1e-13, "{error} and {expected}");
    }
}
