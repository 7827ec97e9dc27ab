//! Shapley values by all subsets.

use ndarray::Array2;

use super::masking::{Found, MaskSettings, features_builder, mask_builders};
use super::shapley_sampling::gap;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Mask, Masked};
use crate::passes::{Running, within};
use crate::{Differentiable, Result};

/// Shapley values from the outputs on all 2^D subsets of D features, at most 16:
/// φⱼ = Σ_S |S|!·(D - |S| - 1)!/D! · (y(S ∪ j) - y(S)) over subsets S without j.
///
/// By forward passes alone, 2^D - 1 and the clean one. Values have the input's shape, in output units, signed; each
/// number has the whole value of its feature. Those of the features
/// ([`Extras::feature_values`](crate::Extras::feature_values)) add up to y(x) - y(fill).
///
/// Defaults: [`Features::about(9)`](Features::about), filled with zeros.
///
/// Errors: [`Error::InvalidParameter`](crate::Error::InvalidParameter) for more than 16 features: group them, or sample
/// ([`KernelShap`](crate::KernelShap), [`ShapleySampling`](crate::ShapleySampling));
/// [`Error::Copies`](crate::Error::Copies).
///
/// Reference: Shapley (1953), *A value for n-person games*.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, Axis, array};
/// use xai::{Analyzer, BlackBox, ExactShapley, Index};
///
/// // Two share what they make together.
/// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(x.map_axis(Axis(1), |row| row[0] * row[1] + row[2]).insert_axis(Axis(1)))
/// });
/// let why = ExactShapley::new().analyze(&model, &array![[2.0, 3.0, 5.0]], Index(0))?;
/// assert!((why.values - array![[3.0, 3.0, 5.0]]).iter().all(|gap| gap.abs() < 1e-12));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("ShapleyValues"))]
pub struct ExactShapley {
    settings: MaskSettings,
}

/// 65 536 evaluations.
const MOST_FEATURES: usize = 16;

impl ExactShapley {
    /// The columns of a table, or 3 × 3 cells of an image; filled with zeros.
    pub fn new() -> Self {
        ExactShapley { settings: MaskSettings::new(Features::about(9)) }
    }

    features_builder!(settings);
    mask_builders!(settings);
}

impl Default for ExactShapley {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for ExactShapley {
    fn name(&self) -> String {
        "ExactShapley".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, _: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.settings.check(inputs)?;
        within("features", self.settings.count(inputs)?, 1, MOST_FEATURES)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let copies = |features| (1 << usize::min(features, MOST_FEATURES)) - 1;
        self.settings.explain(model, call, false, copies, by_subsets)
    }
}

fn by_subsets<M: Differentiable + ?Sized>(masked: &Masked<'_, M>, progress: &mut Running<'_>) -> Result<Found> {
    let (features, clean) = (masked.features(), masked.clean());
    within("features", features, 1, MOST_FEATURES)?;
    let all = (1usize << features) - 1;
    // Those of one subset after another, of all samples.
    let mut y: Vec<f64> = Vec::with_capacity((all + 1) * clean.len());
    let subset = |subset: usize| Mask::of((0..features).map(move |feature| subset >> feature & 1 == 1));
    masked.run((0..all).map(subset), progress, |_, of_subset| {
        y.extend_from_slice(of_subset);
        Ok(())
    })?;
    y.extend_from_slice(clean);
    let weights = weights(features);
    let mut values = Array2::zeros((clean.len(), features));
    for subset in 0..all {
        let weight = weights[subset.count_ones() as usize];
        for feature in (0..features).filter(|feature| subset >> feature & 1 == 0) {
            let with = subset | 1 << feature;
            for sample in 0..clean.len() {
                let gain = y[with * clean.len() + sample] - y[subset * clean.len() + sample];
                values[[sample, feature]] += weight * gain;
            }
        }
    }
    let gap = gap(&values, clean, &y[..clean.len()]);
    let evaluations = 1 + all * masked.evaluations_of_a_copy();
    Ok(Found { values, gap: Some(gap), evaluations, ..Found::default() })
}

/// s!·(D - s - 1)!/D! for every size s: 1/D, and each next one is s/(D - s) of the one before.
#[allow(clippy::cast_precision_loss)]
fn weights(features: usize) -> Vec<f64> {
    let mut weights = vec![1.0 / features as f64];
    for size in 1..features {
        weights.push(weights[size - 1] * size as f64 / (features - size) as f64);
    }
    weights
}
