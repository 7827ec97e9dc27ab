//! LIME.

use std::cell::RefCell;
use std::ops::Range;

use ndarray::Array2;

use super::lime_fit::{Coins, Fit};
use super::masking::{Found, MaskSettings, features_builder, mask_builders};
use super::sampling::{Rounds, Sampling, relative, sampling_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Masked};
use crate::passes::Running;
use crate::{Differentiable, Error, Result};

/// A linear model of the output on presence, near the input: the a, with a constant, that minimises
/// Σᵢ wᵢ·(y(mᵢ) - c - a·mᵢ)² + α·‖a‖², for masks mᵢ of which each feature is present or absent with the same chance.
///
/// wᵢ = exp(-dᵢ² / (2·width²)) with the cosine distance dᵢ = 1 - √(|mᵢ| / D) of the mask from all ones: what is far
/// from the input weighs less. So the authors' code and Captum have it, while the paper's formula is without the 2: for
/// its weights, divide the width by √2. By forward passes alone, n and the clean one, which counts as a mask of ones.
/// Where n is 2^D or more every mask is there once; then, with a width of infinity and α = 0, the values are the
/// Banzhaf values. Values have the input's shape, in output units, signed; each number has the whole value of its
/// feature. Those of the features are [`Extras::feature_values`](crate::Extras::feature_values), with the [standard
/// errors](crate::Extras::standard_error) of the regression that also hold where scatter is uneven (infinite for fewer
/// masks than D + 2).
///
/// Beside the model it keeps 8·D·(D + samples) bytes for the regression of D features, and 8 more for each mask and
/// sample: what is left of each output goes into the standard errors. Masks are drawn again, not kept.
///
/// Defaults, those of the authors' code for images but for the segments: n = 1000, width 0.25, α = 1, seed 0;
/// [`Features::about(64)`](Features::about), filled with zeros. The paper has super-pixels, `Features::super_pixels`,
/// and their mean colour, `Fill::SegmentMean`.
///
/// Errors: [`Error::InvalidParameter`] for n < 2, more than 4096 features, a width that is not positive or a negative
/// α; [`Error::Copies`].
///
/// Reference: Ribeiro, Singh, Guestrin (2016), *"Why Should I Trust You?": Explaining the Predictions of Any
/// Classifier*, arXiv:1602.04938.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, array};
/// use xai::{Analyzer, BlackBox, Lime};
///
/// // Any function: a table of trees, a service. It reads the first column only.
/// let model = BlackBox::new(|rows: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(rows.slice(ndarray::s![.., ..1]).to_owned())
/// });
/// let why = Lime::new().n(200).analyze(&model, &array![[3.0, -1.0]], 0)?;
/// assert!(why.values[[0, 0]] > why.values[[0, 1]].abs());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("LimeBase", "LimeImageExplainer"))]
pub struct Lime {
    settings: MaskSettings,
    sampling: Sampling,
    width: f64,
    ridge: f64,
}

/// The matrix of the regression has 134 MB.
const MOST_FEATURES: usize = 4096;

impl Lime {
    /// 1000 masks, width 0.25 and α = 1.
    pub fn new() -> Self {
        let (settings, sampling) = (MaskSettings::new(Features::about(64)), Sampling::new(1000));
        Lime { settings, sampling, width: 0.25, ridge: 1.0 }
    }

    /// So many masks, at least 2.
    #[must_use]
    pub fn n(mut self, masks: usize) -> Self {
        self.sampling.n = masks;
        self
    }

    /// The width of the kernel, in units of the distance, which is from 0 to 1; infinity weighs all masks alike.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, ArrayView2, Axis, array};
    /// use xai::{Analyzer, BlackBox, Lime};
    ///
    /// // Two columns that make 6 together, and nothing alone. With all masks alike, half of it is each one's; near the
    /// // input, all of it goes with whichever is left out.
    /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
    ///     Ok(x.map_axis(Axis(1), |row| row[0] * row[1]).insert_axis(Axis(1)))
    /// });
    /// for (width, value) in [(f64::INFINITY, 3.0), (0.1, 6.0)] {
    ///     let why = Lime::new().width(width).ridge(0.0).analyze(&model, &array![[2.0, 3.0]], 0)?;
    ///     assert!(why.values.iter().all(|found| (found - value).abs() < 1e-6));
    /// }
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn width(mut self, width: f64) -> Self {
        self.width = width;
        self
    }

    /// The weight α of the squares of the values; 0 for plain least squares.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, ArrayView2, array};
    /// use xai::{Analyzer, BlackBox, Lime};
    ///
    /// // One number: from 0, absent, to 3 the slope that minimises (3 - a)² / 2 + α a² is 3 / (1 + 2 α).
    /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> { Ok(x.to_owned()) });
    /// for (alpha, value) in [(0.0, 3.0), (1.0, 1.0)] {
    ///     let why = Lime::new().width(f64::INFINITY).ridge(alpha).analyze(&model, &array![[3.0]], 0)?;
    ///     assert!((why.values[[0, 0]] - value).abs() < 1e-9);
    /// }
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn ridge(mut self, alpha: f64) -> Self {
        self.ridge = alpha;
        self
    }

    features_builder!(settings);
    sampling_builders!(sampling);
    mask_builders!(settings);

    /// Every mask once, where there are no more than so many.
    fn enumerates(&self, features: usize, of_a_copy: usize) -> bool {
        let all = u32::try_from(features).ok().and_then(|features| 1usize.checked_shl(features)).filter(|all| *all > 0);
        all.is_some_and(|all| match self.sampling.tolerance {
            // The mask of ones is the clean input, which runs once.
            Some(_) => (all - 1).saturating_mul(of_a_copy) < self.sampling.max_n,
            None => all <= self.sampling.n,
        })
    }

    #[allow(clippy::cast_precision_loss)]
    fn weight(&self, present: &[bool]) -> f64 {
        let share = present.iter().filter(|&&present| present).count() as f64 / present.len() as f64;
        (-0.5 * ((1.0 - share.sqrt()) / self.width).powi(2)).exp()
    }
}

impl Default for Lime {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for Lime {
    fn name(&self) -> String {
        "Lime".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, _: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.sampling.check(2)?;
        let refused = |name, value: f64, reason: &str| {
            Err(Error::InvalidParameter { name, value: value.to_string(), reason: reason.into() })
        };
        if self.width.is_nan() || self.width <= 0.0 {
            return refused("width", self.width, "it must be above 0, or infinity for even weights");
        }
        if !(self.ridge >= 0.0 && self.ridge.is_finite()) {
            return refused("ridge", self.ridge, "it must be a finite number that is not negative");
        }
        self.settings.check(inputs)?;
        let (features, of_a_copy) = (self.settings.count(inputs)?, self.settings.fill.evaluations());
        crate::passes::within("features", features, 1, MOST_FEATURES)?;
        if self.enumerates(features, of_a_copy) {
            return Ok(());
        }
        self.sampling.check_limit(&rounds(features, of_a_copy))
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let apart = self.sampling.tolerance.is_some();
        let of_a_copy = self.settings.fill.evaluations();
        let copies = |features| match self.enumerates(features, of_a_copy) {
            true => (1 << features) - 1,
            false => self.sampling.copies(1, of_a_copy),
        };
        self.settings.explain(model, call, apart, copies, |masked, progress| self.find(masked, progress))
    }
}

/// A regression of D features and a constant has freedom left with a mask more than that, the clean one among them.
fn rounds(features: usize, of_a_copy: usize) -> Rounds {
    Rounds { first: (4 * features).max(64), least: features + 1, of_a_draw: of_a_copy, before: 1 }
}

impl Lime {
    fn find<M: Differentiable + ?Sized>(&self, masked: &Masked<'_, M>, progress: &mut Running<'_>) -> Result<Found> {
        let (features, of_a_copy) = (masked.features(), masked.evaluations_of_a_copy());
        crate::passes::within("features", features, 1, MOST_FEATURES)?;
        let mut fit = Fit::new(features, masked.clean());
        let add = |fit: &mut Fit<'_>, present: Vec<bool>, y: &[f64]| fit.add(self.weight(&present), &present, y);
        add(&mut fit, vec![true; features], masked.clean());
        if self.enumerates(features, of_a_copy) {
            let subset = |subset: usize| (0..features).map(|feature| subset >> feature & 1 == 1).collect::<Vec<_>>();
            let all = (1usize << features) - 1;
            masked.run((0..all).map(subset), progress, |copy, y| {
                add(&mut fit, subset(copy), y);
                Ok(())
            })?;
            let values = fit.values(self.ridge);
            let standard_error = Some(Array2::zeros(values.dim()));
            let tolerance = self.sampling.tolerance.map(|_| (0.0, true));
            return Ok(Found { values, standard_error, evaluations: 1 + all * of_a_copy, tolerance, gap: None });
        }
        let fit = RefCell::new(fit);
        let (mut drawn, mut followed) =
            (Coins::new(self.sampling.seed, features), Coins::new(self.sampling.seed, features));
        let draw = |range: Range<usize>| {
            let mut fit = fit.borrow_mut();
            masked.run(range.map(|_| drawn.next_mask()), progress, |_, y| {
                add(&mut fit, followed.next_mask(), y);
                Ok(())
            })
        };
        // The masks again, with their weights: that of ones first.
        let again = || {
            let mut coins = Coins::new(self.sampling.seed, features);
            let masks = std::iter::once(vec![true; features]).chain(std::iter::repeat_with(move || coins.next_mask()));
            masks.map(|present| (self.weight(&present), present))
        };
        let error = || {
            let (values, errors) = fit.borrow().solve(self.ridge, again());
            relative(&errors, &values)
        };
        let (masks, tolerance) = self.sampling.run(&rounds(features, of_a_copy), draw, error)?;
        let (values, errors) = fit.into_inner().solve(self.ridge, again());
        let evaluations = 1 + masks * of_a_copy;
        Ok(Found { values, standard_error: Some(errors), evaluations, tolerance, gap: None })
    }
}
