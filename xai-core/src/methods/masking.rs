//! What all analyzers share that only run forward, on masked copies.

use ndarray::Array2;

use crate::explain::{Attribution, Call, Extras, Inputs};
use crate::masks::{Features, Fill, Masked};
use crate::passes::{Reporter, Running, at_least, in_blocks};
use crate::{Differentiable, Result};

/// What can be set on all of them.
#[derive(Debug, Clone)]
pub(crate) struct MaskSettings {
    pub(crate) features: Features,
    pub(crate) fill: Fill,
    pub(crate) chunk: Option<usize>,
    pub(crate) reporter: Reporter,
}

/// The builder methods of everything that fills what is absent; `$settings` is the way from `self` to the settings.
macro_rules! mask_builders {
    ($($settings:ident).+) => {
        /// What stands where a feature is absent: zeros unless set.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::{Array2, ArrayView2, Axis, array};
        /// use xai::{Analyzer, BlackBox, FeatureAblation, Fill, Reference};
        ///
        /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
        ///     Ok(x.sum_axis(Axis(1)).insert_axis(Axis(1)))
        /// });
        /// // Of 3 + 1, what is lost with ones in place of the numbers.
        /// let why = FeatureAblation::new().fill(Reference::Constant(1.0)).analyze(&model, &array![[3.0, 1.0]], 0)?;
        /// assert_eq!(why.values, array![[2.0, 0.0]]);
        /// // With a background's numbers, in the mean over its samples: 3 - (0 + 2) / 2, and 1 - (0 + 4) / 2.
        /// let background = Fill::background(&array![[0.0, 0.0], [2.0, 4.0]]);
        /// let why = FeatureAblation::new().fill(background).analyze(&model, &array![[3.0, 1.0]], 0)?;
        /// assert_eq!(why.values, array![[2.0, -1.0]]);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn fill(mut self, fill: impl Into<$crate::Fill>) -> Self {
            self.$($settings).+.fill = fill.into();
            self
        }

        $crate::passes::pass_builders!($($settings).+);
    };
}
pub(crate) use mask_builders;

/// The builder method of everything whose features are the user's choice.
macro_rules! features_builder {
    ($($settings:ident).+) => {
        /// Which numbers are one feature.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::{Array2, ArrayView4, Axis, array};
        /// use xai::{Analyzer, BlackBox, Features, ShapleySampling};
        ///
        /// // The sum of a photo's pixels, by segments of your own: three pixels, and one.
        /// let model = BlackBox::new(|x: ArrayView4<f64>| -> Result<Array2<f64>, std::io::Error> {
        ///     Ok(x.sum_axis(Axis(3)).sum_axis(Axis(2)))
        /// });
        /// let shapley = ShapleySampling::new().features(Features::segments(&array![[0, 0], [0, 1]]));
        /// let why = shapley.analyze(&model, &array![[[[1.0, 2.0], [3.0, 4.0]]]], 0)?;
        /// assert_eq!(why.extras.feature_values, Some(vec![vec![6.0, 4.0]]));
        /// // Every number has the whole value of its feature.
        /// assert_eq!(why.values, array![[[[6.0, 6.0], [6.0, 4.0]]]]);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn features(mut self, features: $crate::Features) -> Self {
            self.$($settings).+.features = features;
            self
        }
    };
}
pub(crate) use features_builder;

/// What was found for the features of some samples.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// (samples, features).
    pub(super) values: Array2<f64>,
    /// Their standard errors.
    pub(super) standard_error: Option<Array2<f64>>,
    /// Σ values - (y(x) - y(fill)), where the values share that out.
    pub(super) gap: Option<Vec<f64>>,
    /// Evaluations of the model, of each sample.
    pub(super) evaluations: usize,
    /// The relative error, and whether it is within the tolerance, where there is one.
    pub(super) tolerance: Option<(f64, bool)>,
}

impl MaskSettings {
    pub(super) fn new(features: Features) -> Self {
        MaskSettings { features, fill: Fill::default(), chunk: None, reporter: Reporter::default() }
    }

    pub(super) fn check(&self, inputs: &Inputs<'_>) -> Result<()> {
        at_least("chunk", self.chunk.unwrap_or(1), 1)?;
        self.fill.check(&self.features, inputs)
    }

    /// The number of features of the user's inputs: the most that any sample has.
    pub(super) fn count(&self, inputs: &Inputs<'_>) -> Result<usize> {
        self.features.count(inputs)
    }

    /// Explains the samples together; one by one where each has other features, or `apart` says so.
    ///
    /// `copies` tells how many copies of a sample so many features take, and `find` what they say.
    pub(super) fn explain<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        apart: bool,
        copies: impl Fn(usize) -> usize,
        find: impl Fn(&Masked<'_, M>, &mut Running<'_>) -> Result<Found>,
    ) -> Result<Attribution<M::Backend>> {
        let block = if apart || self.features.differ_by_sample() { 1 } else { call.rows() };
        let (mut progress, mut left) = (self.reporter.start(0), call.rows());
        in_blocks(model, call, block, |call| {
            let masked = Masked::in_chunks(model, call, &self.features, &self.fill, self.chunk)?;
            // Samples to come are taken to have as many features.
            let copies = copies(masked.features()).saturating_mul(masked.evaluations_of_a_copy());
            progress.expect(copies.saturating_mul(left));
            left = left.saturating_sub(call.rows());
            let found = find(&masked, &mut progress)?;
            let (values, rows) = (masked.spread(&found.values)?, call.rows());
            let lists = |array: &Array2<f64>| array.rows().into_iter().map(|row| row.to_vec()).collect();
            let extras = Extras {
                completeness_gap: found.gap,
                evaluations: Some(vec![found.evaluations; rows]),
                estimated_error: found.tolerance.map(|(error, _)| vec![error; rows]),
                within_tolerance: found.tolerance.map(|(_, within)| vec![within; rows]),
                feature_values: Some(lists(&found.values)),
                standard_error: found.standard_error.as_ref().map(lists),
                ..Extras::default()
            };
            let (output, selection) = (masked.output().clone(), masked.selection().clone());
            Ok(Attribution { values, output, selection, extras })
        })
    }
}
