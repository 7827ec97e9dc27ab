//! Feature ablation.

use ndarray::Array2;

use super::masking::{Found, MaskSettings, features_builder, mask_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Mask, Masked};
use crate::passes::Running;
use crate::{Differentiable, Result};

/// What the output loses when one feature is absent: aⱼ = y(x) - y(x without j).
///
/// By forward passes alone: one for each feature, and the clean one. Values have the input's shape, in output units,
/// signed; each number has the whole value of its feature, not a share of it, so that a map does not fade with the size
/// of features. [`Extras::feature_values`](crate::Extras::feature_values) has one number for each. For a linear model
/// without interactions, features being single numbers, aⱼ = wⱼ·(xⱼ - fillⱼ).
///
/// Defaults: [`Features::about(64)`](Features::about), the columns of a table or the cells of a grid; filled with
/// zeros.
///
/// Errors are those of [`Fill`](crate::Fill) and [`Features`] that do not fit the input, and
/// [`Error::Copies`](crate::Error::Copies).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, Axis, array};
/// use xai::{Analyzer, BlackBox, FeatureAblation, Features, Index};
///
/// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(x.map_axis(Axis(1), |row| row[0] * row[1] + row[2]).insert_axis(Axis(1)))
/// });
/// let why = FeatureAblation::new().analyze(&model, &array![[2.0, 3.0, 5.0]], Index(0))?;
/// assert_eq!(why.values, array![[6.0, 6.0, 5.0]]);
/// let ablation = FeatureAblation::new().features(Features::groups([0..2]));
/// let why = ablation.analyze(&model, &array![[2.0, 3.0, 5.0]], Index(0))?;
/// assert_eq!(why.extras.feature_values, Some(vec![vec![6.0, 5.0]]));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("LayerFeatureAblation", "leave one out"))]
pub struct FeatureAblation {
    settings: MaskSettings,
}

impl FeatureAblation {
    /// About 64 features, filled with zeros.
    pub fn new() -> Self {
        FeatureAblation { settings: MaskSettings::new(Features::about(64)) }
    }

    features_builder!(settings);
    mask_builders!(settings);
}

impl Default for FeatureAblation {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for FeatureAblation {
    fn name(&self) -> String {
        "FeatureAblation".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, _: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.settings.check(inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.settings.explain(model, call, false, |features| features, without_each)
    }
}

/// y(x) - y(x without the feature), for each.
pub(super) fn without_each<M: Differentiable + ?Sized>(
    masked: &Masked<'_, M>,
    progress: &mut Running<'_>,
) -> Result<Found> {
    let (clean, features) = (masked.clean(), masked.features());
    let mut values = Array2::zeros((clean.len(), features));
    let without = |feature| Mask::of((0..features).map(move |other| other != feature));
    masked.run((0..features).map(without), progress, |feature, y| {
        for (sample, y) in y.iter().enumerate() {
            values[[sample, feature]] = clean[sample] - y;
        }
        Ok(())
    })?;
    Ok(Found { values, evaluations: 1 + features * masked.evaluations_of_a_copy(), ..Found::default() })
}
