//! Permutation importance over a data set.

use std::cell::RefCell;
use std::ops::Range;

use ndarray::{ArrayBase, ArrayD, ArrayViewD, Axis, Data, Dimension, Slice, Zip, concatenate};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::sampling::{Rounds, Sampling, relative};
use crate::explain::rows::check_rows;
use crate::explain::{Call, Elem, Inputs, Target};
use crate::masks::{Features, Mask, absences};
use crate::passes::{Chunk, Reporter, at_least, even_parts};
use crate::{Differentiable, Element, Error, Result, Selection, Tensor};

/// How much worse a model does on a data set when a feature is shuffled among its samples.
///
/// Not an [`Analyzer`](crate::Analyzer): it needs a data set and a score, and says something of both together, nothing
/// of one sample. By forward passes alone, n·D + 1 over the data set for D features, in chunks. What the shuffled
/// features have is real, of other samples, so that no fill is needed; but features that go together are torn apart,
/// and are important only for what one does not say in place of the other.
///
/// Defaults: n = 5 shuffles of each feature, every number a feature, seed 0. The shuffles of a feature depend on the
/// seed and its number alone.
///
/// References: Breiman (2001), *Random Forests*; Fisher, Rudin, Dominici (2019), *All Models are Wrong, but Many are
/// Useful*, arXiv:1801.01489.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, ArrayViewD, Axis, array};
/// use xai::{BlackBox, Features, PermutationImportance};
///
/// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(x.map_axis(Axis(1), |row| 2.0 * row[0]).insert_axis(Axis(1)))
/// });
/// let (x, y) = (array![[1.0, 7.0], [2.0, 5.0], [3.0, 6.0]], array![[2.0], [4.0], [6.0]].into_dyn());
/// // The higher the score, the better.
/// let score = |output: ArrayViewD<f64>| -(&output - &y).mapv(|gap| gap * gap).sum();
/// let found = PermutationImportance::new().measure(&model, &x, score)?;
/// assert_eq!(found.score, 0.0);
/// assert!(found.drops[0] > 0.0 && found.drops[1] == 0.0);
///
/// // Both columns as one feature, shuffled ten times: with the data as they are, 11 times 3 samples.
/// let together = PermutationImportance::new().features(Features::groups([0..2])).n(10).seed(7).chunk(2);
/// let together = together.on_progress(|step| assert_eq!(step.total, 33));
/// assert_eq!(together.measure(&model, &x, score)?.drops.len(), 1);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("FeaturePermutation", "permutation_importance"))]
pub struct PermutationImportance {
    features: Features,
    sampling: Sampling,
    chunk: Option<usize>,
    reporter: Reporter,
}

/// What shuffling showed.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, ArrayViewD, Axis, array};
/// use xai::{BlackBox, PermutationImportance};
///
/// // Of the second column the model makes nothing, so that every shuffle of it leaves the score as it is.
/// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(x.map_axis(Axis(1), |row| 2.0 * row[0]).insert_axis(Axis(1)))
/// });
/// let score = |output: ArrayViewD<f64>| output.sum();
/// let found = PermutationImportance::new().measure(&model, &array![[1.0, 7.0], [2.0, 5.0]], score)?;
/// assert_eq!((found.score, found.drops[1], found.standard_error[1]), (6.0, 0.0, 0.0));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Importance {
    /// The score on the data set as it is.
    pub score: f64,
    /// For each feature by how much the score falls when it is shuffled, in the mean over shuffles.
    pub drops: Vec<f64>,
    /// The standard error of that mean: infinite for a single shuffle.
    pub standard_error: Vec<f64>,
    /// How often each feature was shuffled.
    pub shuffles: usize,
    /// Whether the tolerance was met, where there was one: false where the limit came first.
    pub within_tolerance: Option<bool>,
}

/// A feature is shuffled twice as often as it takes to say how much shuffles differ, where the limit has room for it.
fn rounds(features: usize) -> Rounds {
    Rounds { first: 4, least: 2, of_a_draw: features, before: 1 }
}

impl PermutationImportance {
    /// Five shuffles of every number.
    pub fn new() -> Self {
        let (features, sampling) = (Features::each(), Sampling::new(5));
        PermutationImportance { features, sampling, chunk: None, reporter: Reporter::default() }
    }

    /// So many shuffles of each feature, at least 1.
    #[must_use]
    pub fn n(mut self, shuffles: usize) -> Self {
        self.sampling.n = shuffles;
        self
    }

    /// The seed of the generator (ChaCha8), 0 unless set.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.sampling.seed = seed;
        self
    }

    /// Shuffles until the relative error of the drops is at most this, ‖standard errors‖₂ / ‖drops‖₂, in place of `n`:
    /// it looks after rounds that grow by a half.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.sampling.tolerance = Some(tolerance);
        self
    }

    /// With a tolerance, at most so many evaluations of each sample, one for each feature and shuffle and that of the
    /// data as they are: 10 000 unless set. Less than two shuffles take is refused before any pass.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, ArrayView2, ArrayViewD, array};
    /// use xai::{BlackBox, PermutationImportance};
    ///
    /// // How often the larger of two numbers is first.
    /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> { Ok(x.to_owned()) });
    /// let x = array![[2.0, 0.0], [4.0, 1.0], [5.0, 3.0]];
    /// let score = |y: ArrayViewD<f64>| y.outer_iter().filter(|row| row[[0]] > row[[1]]).count() as f64;
    /// let found = PermutationImportance::new().tolerance(0.2).measure(&model, &x, score)?;
    /// assert_eq!(found.within_tolerance, Some(true));
    /// // The data as they are, and four shuffles of two features.
    /// let found = PermutationImportance::new().tolerance(0.01).max_n(9).measure(&model, &x, score)?;
    /// assert_eq!((found.shuffles, found.within_tolerance), (4, Some(false)));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn max_n(mut self, max_n: usize) -> Self {
        self.sampling.max_n = max_n;
        self
    }

    /// Which numbers are shuffled together. They must be the same for all samples.
    #[must_use]
    pub fn features(mut self, features: Features) -> Self {
        self.features = features;
        self
    }

    /// At most how many samples go through the model in one pass.
    #[must_use]
    pub fn chunk(mut self, chunk: usize) -> Self {
        self.chunk = Some(chunk);
        self
    }

    /// Calls back after every pass. A callback that answers `ControlFlow::Break(())` stops it, with
    /// [`Error::Cancelled`].
    #[must_use]
    pub fn on_progress<Go: crate::Answer>(
        mut self,
        report: impl Fn(crate::Progress) -> Go + Send + Sync + 'static,
    ) -> Self {
        self.reporter = Reporter::new(report);
        self
    }

    /// Shuffles each feature of the data set, batch axis first, and asks for the score of the outputs, a row for each
    /// sample: the higher, the better.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for n < 1, an impossible tolerance, fewer than two samples and numbers that are not
    /// finite;
    /// [`Error::Unsupported`] for features that differ by sample; [`Error::NotFinite`] for such a score; and the
    /// model's own.
    pub fn measure<M, S, D>(
        &self,
        model: &M,
        data: &ArrayBase<S, D>,
        score: impl Fn(ArrayViewD<'_, Elem<M>>) -> f64,
    ) -> Result<Importance>
    where
        M: Differentiable + ?Sized,
        S: Data<Elem = Elem<M>>,
        D: Dimension,
    {
        let data = data.view().into_dyn();
        crate::explain::rows::check_input(&data)?;
        self.sampling.check(1)?;
        at_least("chunk", self.chunk.unwrap_or(1), 1)?;
        let (shapes, rows) = ([data.shape().to_vec()], data.shape()[0]);
        at_least("samples", rows, 2)?;
        if self.features.differ_by_sample() {
            return Err(Error::Unsupported {
                analyzer: "PermutationImportance".into(),
                reason: "features that differ by sample cannot be shuffled among samples".into(),
            });
        }
        let features = self.features.count(&Inputs { shapes: &shapes, explained: &[true] })?;
        self.sampling.check_limit(&rounds(features))?;
        let placement = model.placement_for(&shapes)?;
        let chunk = {
            let sample = Tensor::upload(data.slice_axis(Axis(0), Slice::from(0..1)), &placement)?;
            let selection = Selection::from(Vec::new());
            let (inputs, target) = ([sample], Target::Chosen(&selection));
            let call = Call { inputs: &inputs, explained: &[true], target, samples: &[0] };
            Chunk::of(self.chunk, &call).for_model(model, &call)?
        };
        let evaluations = self.sampling.copies(features, 1).saturating_add(1);
        let mut progress = self.reporter.start(rows.saturating_mul(evaluations));
        let mut score_of = |data: &ArrayViewD<'_, Elem<M>>| -> Result<f64> {
            let mut outputs = Vec::new();
            for (start, len) in even_parts(rows, chunk) {
                let part = Tensor::upload(data.slice_axis(Axis(0), Slice::from(start..start + len)), &placement)?;
                let output = model.forward(&part).map_err(|error| error.counted_from(start))?;
                check_rows(&part, &output)?;
                outputs.push(output.download()?);
                progress.advance(len)?;
            }
            let views: Vec<ArrayViewD<'_, Elem<M>>> = outputs.iter().map(|output| output.view()).collect();
            let whole = concatenate(Axis(0), &views).map_err(|error| Error::backend("ndarray", error))?;
            let value = score(whole.view());
            if value.is_finite() { Ok(value) } else { Err(Error::NotFinite { value }) }
        };
        let clean = score_of(&data)?;
        let mut rngs = vec![ChaCha8Rng::seed_from_u64(self.sampling.seed); features];
        rngs.iter_mut().enumerate().for_each(|(feature, rng)| rng.set_stream(feature as u64));
        let found = RefCell::new(vec![Vec::new(); features]);
        let draw = |shuffles: Range<usize>| {
            for (feature, rng) in rngs.iter_mut().enumerate() {
                let mask = Mask::of((0..features).map(|other| other != feature));
                let absent = absences(&self.features, &shapes[0], &mask)?;
                for _ in shuffles.clone() {
                    let mut order: Vec<usize> = (0..rows).collect();
                    order.shuffle(rng);
                    let drop = clean - score_of(&shuffled(&data, &order, &absent).view())?;
                    found.borrow_mut()[feature].push(drop);
                }
            }
            Ok(())
        };
        let summed = || found.borrow().iter().map(|of| mean_and_error(of)).unzip::<f64, f64, Vec<f64>, Vec<f64>>();
        let error = || {
            let (drops, errors) = summed();
            relative(&errors, &drops)
        };
        let (shuffles, met) = self.sampling.run(&rounds(features), draw, error)?;
        let (drops, standard_error) = summed();
        Ok(Importance { score: clean, drops, standard_error, shuffles, within_tolerance: met.map(|met| met.1) })
    }
}

impl Default for PermutationImportance {
    fn default() -> Self {
        Self::new()
    }
}

/// The data, with what is absent taken from other rows.
fn shuffled<E: Element>(data: &ArrayViewD<'_, E>, order: &[usize], absent: &ArrayD<bool>) -> ArrayD<E> {
    let mut mixed = data.to_owned();
    for (mut row, &other) in mixed.outer_iter_mut().zip(order) {
        let other = data.index_axis(Axis(0), other);
        if let Some(absent) = absent.broadcast(row.raw_dim()) {
            Zip::from(&mut row).and(&other).and(&absent).for_each(|to, &from, &absent| {
                if absent {
                    *to = from;
                }
            });
        }
    }
    mixed
}

#[allow(clippy::cast_precision_loss)]
fn mean_and_error(found: &[f64]) -> (f64, f64) {
    let n = found.len() as f64;
    let mean = found.iter().sum::<f64>() / n;
    if found.len() < 2 {
        return (mean, f64::INFINITY);
    }
    let squares: f64 = found.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n * (n - 1.0))).sqrt())
}
