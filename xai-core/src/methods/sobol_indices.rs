//! Sobol indices.

use std::cell::RefCell;

use ndarray::Array2;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::masking::{Found, MaskSettings, features_builder, mask_builders};
use super::sampling::{Rounds, Sampling, relative, sampling_builders};
use super::sobol_shares::Shares;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Masked};
use crate::passes::Running;
use crate::{Differentiable, Result};

/// Total Sobol indices: the share of the output's variance that is lost when all but one feature are known, over masks
/// whose degrees are even from 0 to 1. S_Tj = E[(f(A) - f(A with column j of B))²] / (2·var f), Jansen's estimate.
///
/// By forward passes alone: n·(D + 2) for D features, and the clean one. Values have the input's shape; they are not
/// negative, have no unit, and no sign: what speaks against the output counts as what speaks for it. Each number has
/// the whole index of its feature. Interactions count for all that take part, so that the indices add up to 1 or more.
/// Those of the features are [`Extras::feature_values`](crate::Extras::feature_values), with their
/// [standard errors](crate::Extras::standard_error). Of a constant output all are 0.
///
/// The degrees of A and B are Latin hypercubes, in blocks of 32 rows: every block has each thirty-second of every
/// degree once. The standard errors are those of a ratio, by the delta method, as if rows were independent: hypercubes
/// spread rows more evenly, which makes the error smaller than what is said, by up to a seventh in what was tried. With
/// less than a hundred rows they hold roughly: where few rows make up the variance, n = 32 has said a little more than
/// half of the error.
///
/// Defaults: n = 32, [`Features::about(64)`](Features::about), filled with zeros, seed 0.
///
/// Errors: [`Error::InvalidParameter`](crate::Error::InvalidParameter) for n < 2;
/// [`Error::Copies`](crate::Error::Copies).
///
/// References: Fel, Cadène, Chalvidal, Cord, Vigouroux, Serre (2021), *Look at the Variance! Efficient Black-box
/// Explanations with Sobol-based Sensitivity Analysis*, arXiv:2111.04138; Jansen (1999), *Analysis of variance designs
/// for model output*.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, array};
/// use xai::{Analyzer, BlackBox, SobolIndices};
///
/// // Any function: a table of trees, a service. It reads the first column only.
/// let model = BlackBox::new(|rows: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(rows.slice(ndarray::s![.., ..1]).to_owned())
/// });
/// let why = SobolIndices::new().analyze(&model, &array![[3.0, -1.0]], 0)?;
/// assert!(why.values[[0, 0]] > why.values[[0, 1]]);
/// // With more rows, nearer to all of the variance and none of it.
/// let why = SobolIndices::new().n(320).analyze(&model, &array![[3.0, -1.0]], 0)?;
/// assert!((why.values[[0, 0]] - 1.0).abs() < 0.1 && why.values[[0, 1]] == 0.0);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("SobolAttributionMethod"))]
pub struct SobolIndices {
    settings: MaskSettings,
    sampling: Sampling,
}

/// Rows that share their Latin hypercubes.
const BLOCK: usize = 32;

impl SobolIndices {
    /// 32 rows of A and B.
    pub fn new() -> Self {
        SobolIndices { settings: MaskSettings::new(Features::about(64)), sampling: Sampling::new(32) }
    }

    /// So many rows of A and B, at least 2.
    #[must_use]
    pub fn n(mut self, rows: usize) -> Self {
        self.sampling.n = rows;
        self
    }

    features_builder!(settings);
    sampling_builders!(sampling);
    mask_builders!(settings);
}

impl Default for SobolIndices {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for SobolIndices {
    fn name(&self) -> String {
        "SobolIndices".into()
    }

    fn kind(&self) -> Kind {
        Kind::Importance
    }

    fn check(&self, _: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.sampling.check(2)?;
        self.settings.check(inputs)?;
        self.sampling.check_limit(&rounds(self.settings.count(inputs)?, self.settings.fill.evaluations()))
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let apart = self.sampling.tolerance.is_some();
        let copies = |features| self.sampling.copies(features + 2, self.settings.fill.evaluations());
        self.settings.explain(model, call, apart, copies, |masked, progress| self.find(masked, progress))
    }
}

/// A block at first, where the limit has room for it.
fn rounds(features: usize, of_a_copy: usize) -> Rounds {
    Rounds { first: BLOCK, least: 2, of_a_draw: (features + 2) * of_a_copy, before: 1 }
}

impl SobolIndices {
    fn find<M: Differentiable + ?Sized>(&self, masked: &Masked<'_, M>, progress: &mut Running<'_>) -> Result<Found> {
        let (features, samples) = (masked.features(), masked.clean().len());
        let rounds = rounds(features, masked.evaluations_of_a_copy());
        let shares = RefCell::new(Shares::new(samples, features));
        let mut rows = Rows::new(self.sampling.seed, features);
        let draw = |range: std::ops::Range<usize>| {
            let mut shares = shares.borrow_mut();
            let masks = range.flat_map(|_| rows.next_masks());
            let (mut at_a, mut at_b, mut half_squares) = (Vec::new(), Vec::new(), Array2::zeros((samples, features)));
            masked.run(masks, progress, |copy, y| {
                match copy % (features + 2) {
                    0 => at_a = y.to_vec(),
                    1 => at_b = y.to_vec(),
                    column => {
                        for (sample, y) in y.iter().enumerate() {
                            half_squares[[sample, column - 2]] = (at_a[sample] - y).powi(2) / 2.0;
                        }
                        if column == features + 1 {
                            shares.add(&at_a, &at_b, &half_squares);
                        }
                    }
                }
                Ok(())
            })
        };
        let error = || {
            let (values, errors) = shares.borrow().found();
            relative(&errors, &values)
        };
        let (drawn, tolerance) = self.sampling.run(&rounds, draw, error)?;
        let (values, errors) = shares.into_inner().found();
        let evaluations = rounds.before + drawn * rounds.of_a_draw;
        Ok(Found { values, standard_error: Some(errors), gap: None, evaluations, tolerance })
    }
}

/// Rows of A and B, from a seed.
struct Rows {
    rng: ChaCha8Rng,
    features: usize,
    /// Those of the block at hand that are left, A and B.
    left: Vec<[Vec<f64>; 2]>,
}

impl Rows {
    fn new(seed: u64, features: usize) -> Self {
        Rows { rng: ChaCha8Rng::seed_from_u64(seed), features, left: Vec::new() }
    }

    /// A, B, and A with each column of B.
    fn next_masks(&mut self) -> impl Iterator<Item = Vec<f64>> + use<> {
        if self.left.is_empty() {
            let (a, b) = (self.hypercube(), self.hypercube());
            self.left = a.into_iter().zip(b).map(|(a, b)| [a, b]).collect();
        }
        let [a, b] = self.left.pop().unwrap_or_default();
        (0..self.features + 2).map(move |mask| match mask {
            0 => a.clone(),
            1 => b.clone(),
            column => {
                let mut mixed = a.clone();
                mixed[column - 2] = b[column - 2];
                mixed
            }
        })
    }

    /// Of every column one number in each of `BLOCK` equal parts of 0 to 1.
    #[allow(clippy::cast_precision_loss)]
    fn hypercube(&mut self) -> Vec<Vec<f64>> {
        let mut rows = vec![vec![0.0; self.features]; BLOCK];
        let mut parts: Vec<usize> = (0..BLOCK).collect();
        for column in 0..self.features {
            parts.shuffle(&mut self.rng);
            for (row, &part) in rows.iter_mut().zip(&parts) {
                row[column] = (part as f64 + self.rng.random::<f64>()) / BLOCK as f64;
            }
        }
        rows
    }
}
