//! RISE.

use std::cell::RefCell;
use std::collections::VecDeque;

use ndarray::{Array1, Array2, ArrayD, Axis};

use super::masking::{Found, MaskSettings, mask_builders};
use super::rise_masks::RiseMasks;
use super::sampling::{Rounds, Sampling, relative, sampling_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Mask, Masked};
use crate::passes::Running;
use crate::{Differentiable, Error, Result};

/// Randomised input sampling: how the output goes along with the presence of each place, over random masks.
///
/// Masks are grids of cells, each present with the probability p, enlarged smoothly and shifted at random; where a cell
/// is no larger than a place of the input, it is that place. By forward passes alone, n and the clean one. Three
/// estimates, by [`estimate`](Rise::estimate):
///
/// - `Slope`: cov(y, M) / var(M), by how much the output rises as a place becomes present. A constant output has the
///   value 0 everywhere, and a linear model of places that are masked independently its shares. Unless set.
/// - `Mean`: Σ y·M / Σ M, the output where the place is present, in the mean. A constant output is its own map.
/// - `Published`: Σ y·M / (n·p), as in the paper: the same in the limit, with more noise.
///
/// Values have the input's shape, all channels alike, in output units; each number has the whole value of its place.
/// [`Extras::feature_values`](crate::Extras::feature_values) are those of the places, row by row, with their
/// [standard errors](crate::Extras::standard_error), as of draws with even scatter for `Slope`.
///
/// Defaults: n = 4000, p = 0.5, seed 0, filled with zeros.
///
/// Errors: [`Error::InvalidParameter`] for n < 3, p outside of 0 to 1, and cells that do not fit the input's spatial
/// axes; [`Error::Unsupported`] for several explained inputs; [`Error::Copies`].
///
/// Reference: Petsiuk, Das, Saenko (2018), *RISE: Randomized Input Sampling for Explanation of Black-box Models*,
/// arXiv:1806.07421.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, NdArray, Rise, RiseEstimate};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let why = Rise::new([2, 2]).n(100).analyze(&net, &photo, 0)?;
/// assert_eq!(why.values.dim(), (1, 2, 2, 2));
/// // By one cell, which three masks of four have: where all is seen the output is the mean of the first channel.
/// let seen = Rise::new([1, 1]).n(100).p(0.75).estimate(RiseEstimate::Mean).analyze(&net, &photo, 0)?.values;
/// assert!(seen.iter().all(|value: &f64| (value - 2.5).abs() < 1e-12));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("randomized input sampling"))]
pub struct Rise {
    settings: MaskSettings,
    sampling: Sampling,
    cells: Vec<usize>,
    p: f64,
    estimate: RiseEstimate,
}

/// What [`Rise`] makes of outputs and masks.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView4, array};
/// use xai::{Analyzer, BlackBox, Rise, RiseEstimate};
///
/// // A model that always says 3: no place matters, but the mean output where a place is seen is 3 all the same.
/// let model = BlackBox::new(|x: ArrayView4<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(Array2::from_elem((x.dim().0, 1), 3.0))
/// });
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]]]];
/// for (estimate, value) in [(RiseEstimate::Slope, 0.0), (RiseEstimate::Mean, 3.0)] {
///     let why = Rise::new([2, 2]).n(50).estimate(estimate).analyze(&model, &photo, 0)?;
///     assert!(why.values.iter().all(|found| (found - value).abs() < 1e-9));
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RiseEstimate {
    /// cov(y, M) / var(M).
    #[default]
    Slope,
    /// Σ y·M / Σ M.
    Mean,
    /// Σ y·M / (n·p).
    Published,
}

impl Rise {
    /// Grids of so many cells along the spatial axes: `Rise::new([7, 7])` for an image, as in the paper.
    pub fn new(cells: impl Into<Vec<usize>>) -> Self {
        let settings = MaskSettings::new(Features::places());
        let (cells, estimate) = (cells.into(), RiseEstimate::Slope);
        Rise { settings, sampling: Sampling::new(4000), cells, p: 0.5, estimate }
    }

    /// Seven cells along each spatial axis, or as many as it is long.
    fn cells(&self, plane: &[usize]) -> Vec<usize> {
        if self.cells.is_empty() { plane.iter().map(|&length| length.min(7)).collect() } else { self.cells.clone() }
    }

    /// So many masks, at least 3.
    #[must_use]
    pub fn n(mut self, masks: usize) -> Self {
        self.sampling.n = masks;
        self
    }

    /// The probability of a cell to be present.
    #[must_use]
    pub fn p(mut self, p: f64) -> Self {
        self.p = p;
        self
    }

    /// What is made of outputs and masks.
    #[must_use]
    pub fn estimate(mut self, estimate: RiseEstimate) -> Self {
        self.estimate = estimate;
        self
    }

    sampling_builders!(sampling);
    mask_builders!(settings);
}

impl Default for Rise {
    /// Seven cells along each spatial axis, or as many as it is long.
    fn default() -> Self {
        Rise::new([])
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for Rise {
    fn name(&self) -> String {
        "Rise".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, _: &M, inputs: &Inputs<'_>) -> Result<()> {
        inputs.check_one_explained("Rise")?;
        self.sampling.check(3)?;
        self.settings.check(inputs)?;
        self.sampling.check_limit(&rounds(self.settings.fill.evaluations()))?;
        if !(self.p > 0.0 && self.p < 1.0) {
            return Err(Error::InvalidParameter {
                name: "p",
                value: self.p.to_string(),
                reason: "it must be between 0 and 1".into(),
            });
        }
        // As a grid of the input, which says what is wrong with it.
        inputs.explained_shapes().try_for_each(|shape| {
            let of_sample = Inputs { shapes: &[shape.to_vec()], explained: &[true] };
            let cells = self.cells(shape.get(2..).unwrap_or_default());
            Features::grid(cells).count(&of_sample).map(|_| ())
        })
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let apart = self.sampling.tolerance.is_some();
        let copies = |_| self.sampling.copies(1, self.settings.fill.evaluations());
        let plane: Vec<usize> =
            call.explained_inputs().flat_map(|x| x.shape().into_iter().skip(2).collect::<Vec<_>>()).collect();
        self.settings.explain(model, call, apart, copies, |masked, progress| self.find(masked, &plane, progress))
    }
}

/// A slope takes two masks, and its error one more.
fn rounds(of_a_copy: usize) -> Rounds {
    Rounds { first: 64, least: 3, of_a_draw: of_a_copy, before: 1 }
}

impl Rise {
    fn find<M: Differentiable + ?Sized>(
        &self,
        masked: &Masked<'_, M>,
        plane: &[usize],
        progress: &mut Running<'_>,
    ) -> Result<Found> {
        let of_a_copy = masked.evaluations_of_a_copy();
        let mut masks = RiseMasks::new(self.sampling.seed, self.p, &self.cells(plane), plane);
        let sums = RefCell::new(Sums::new(masked.clean(), masked.features()));
        let draw = |range: std::ops::Range<usize>| {
            // Masks whose outputs are awaited: those of a pass.
            let waiting = RefCell::new(VecDeque::new());
            let drawn = range.map(|_| {
                let mask = masks.next_mask();
                waiting.borrow_mut().push_back(mask.clone());
                Mask::Numbers(vec![mask.insert_axis(Axis(0))])
            });
            let mut sums = sums.borrow_mut();
            masked.run(drawn, progress, |_, y| {
                if let Some(mask) = waiting.borrow_mut().pop_front() {
                    sums.add(&mask, y);
                }
                Ok(())
            })
        };
        let error = || {
            let (values, errors) = sums.borrow().estimate(self.estimate, self.p);
            relative(&errors, &values)
        };
        let (n, tolerance) = self.sampling.run(&rounds(of_a_copy), draw, error)?;
        let (values, errors) = sums.into_inner().estimate(self.estimate, self.p);
        Ok(Found { values, standard_error: Some(errors), gap: None, evaluations: 1 + n * of_a_copy, tolerance })
    }
}

/// Sums over the masks, of places and of samples. Outputs are told as changes from the clean one, so that nothing
/// cancels.
struct Sums<'a> {
    clean: &'a [f64],
    n: f64,
    /// Σ M, Σ M².
    masks: [Array1<f64>; 2],
    /// Σ y, Σ y².
    outputs: [Array1<f64>; 2],
    /// Σ y·M, Σ y·M², Σ y²·M²: (samples, places).
    both: [Array2<f64>; 3],
}

impl<'a> Sums<'a> {
    fn new(clean: &'a [f64], places: usize) -> Self {
        let (of_places, of_samples) = (Array1::zeros(places), Array1::zeros(clean.len()));
        let both = Array2::zeros((clean.len(), places));
        Sums {
            clean,
            n: 0.0,
            masks: [of_places.clone(), of_places],
            outputs: [of_samples.clone(), of_samples],
            both: [both.clone(), both.clone(), both],
        }
    }

    fn add(&mut self, mask: &ArrayD<f64>, y: &[f64]) {
        self.n += 1.0;
        let [first, second] = &mut self.masks;
        mask.iter().zip(first).for_each(|(m, sum)| *sum += m);
        mask.iter().zip(second).for_each(|(m, sum)| *sum += m * m);
        let [ym, ymm, yymm] = &mut self.both;
        for (sample, (y, clean)) in y.iter().zip(self.clean).enumerate() {
            let y = y - clean;
            self.outputs[0][sample] += y;
            self.outputs[1][sample] += y * y;
            let rows = ym.row_mut(sample).into_iter().zip(ymm.row_mut(sample)).zip(yymm.row_mut(sample));
            for (m, ((ym, ymm), yymm)) in mask.iter().zip(rows) {
                let product = y * m;
                *ym += product;
                *ymm += product * m;
                *yymm += product * product;
            }
        }
    }

    /// The values and their standard errors, (samples, places).
    fn estimate(&self, estimate: RiseEstimate, p: f64) -> (Array2<f64>, Array2<f64>) {
        let (mut values, mut errors) = (Array2::zeros(self.both[0].dim()), Array2::zeros(self.both[0].dim()));
        for ((sample, place), value) in values.indexed_iter_mut() {
            let (of, error) = match estimate {
                RiseEstimate::Slope => self.slope(sample, place),
                RiseEstimate::Mean => self.mean(sample, place),
                RiseEstimate::Published => self.published(sample, place, p),
            };
            (*value, errors[[sample, place]]) = (of, error);
        }
        (values, errors)
    }

    fn slope(&self, sample: usize, place: usize) -> (f64, f64) {
        let n = self.n;
        let (m, mm) = (self.masks[0][place] / n, self.masks[1][place] / n);
        let (y, yy) = (self.outputs[0][sample] / n, self.outputs[1][sample] / n);
        let covariance = self.both[0][[sample, place]] / n - y * m;
        let (of_mask, of_output) = (mm - m * m, yy - y * y);
        // A place that all masks had, or none, says nothing.
        if of_mask <= 1e-12 * mm.max(f64::MIN_POSITIVE) {
            return (0.0, f64::INFINITY);
        }
        let slope = covariance / of_mask;
        let left = (of_output - slope * covariance).max(0.0);
        (slope, (left / ((n - 2.0) * of_mask)).sqrt())
    }

    fn mean(&self, sample: usize, place: usize) -> (f64, f64) {
        let [m, mm] = [self.masks[0][place], self.masks[1][place]];
        if m <= 0.0 {
            return (0.0, f64::INFINITY);
        }
        let [ym, ymm, yymm] = [0, 1, 2].map(|sum| self.both[sum][[sample, place]]);
        let mean = ym / m;
        let squares = (yymm - 2.0 * mean * ymm + mean * mean * mm).max(0.0);
        (mean + self.clean[sample], squares.sqrt() / m)
    }

    fn published(&self, sample: usize, place: usize, p: f64) -> (f64, f64) {
        let (n, clean) = (self.n, self.clean[sample]);
        let [ym, ymm, yymm] = [0, 1, 2].map(|sum| self.both[sum][[sample, place]]);
        let mean = (ym + clean * self.masks[0][place]) / n;
        let squares = (yymm + 2.0 * clean * ymm + clean * clean * self.masks[1][place]) / n;
        (mean / p, ((squares - mean * mean).max(0.0) / (n - 1.0)).sqrt() / p)
    }
}
