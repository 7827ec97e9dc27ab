//! What is taken of the values of noisy copies: [`Moment`].

use std::fmt;

use crate::explain::{Attribution, Extras};
use crate::passes::{Moments, Start};
use crate::{Backend, Error, Result, Tensor};

/// What is taken of an analyzer's values A(x + εᵢ) over n copies.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, Moment, NdArray, Net, NoiseAugmentation};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let spread = NoiseAugmentation::new(Gradient, 20).std(0.1).moment(Moment::Variance);
/// let why = spread.analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert!(why.values.iter().all(|value| value.abs() < 1e-12));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Moment {
    /// The mean, 1/n Σᵢ Aᵢ.
    #[default]
    Mean,
    /// The mean square, 1/n Σᵢ Aᵢ², in squared units: of the gradient it is SmoothGrad squared (Hooker et al. 2019,
    /// arXiv:1806.10758).
    Square,
    /// The variance, 1/(n - 1) Σᵢ (Aᵢ - 1/n Σⱼ Aⱼ)², in squared units, for n ≥ 2: of the gradient it is VarGrad
    /// (Adebayo et al. 2018, arXiv:1810.03307). Without bias, and without cancellation in `f32` where the mean is
    /// large.
    Variance,
}

impl Moment {
    /// So many copies it takes.
    pub(super) fn fewest(self) -> usize {
        if self == Moment::Variance { 2 } else { 1 }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Moment::Mean => "mean",
            Moment::Square => "square",
            Moment::Variance => "variance",
        })
    }
}

/// Gathers what an analyzer finds for n noisy copies, and how far its mean is from that of infinitely many.
///
/// Copies are gathered in units that are independent of each other: single ones, or pairs of opposite noise. Of a mean
/// behind the affine start of a network, where each unit would cost a pullback through the start, all are one unit: it
/// is pulled back once, and has no error to tell. Units are the same whatever the chunk.
pub(super) struct Draws<'a, B: Backend> {
    moment: Moment,
    n: usize,
    /// How many copies are a unit.
    unit: usize,
    start: Option<&'a Start<'a, B>>,
    done: usize,
    /// Where the unit that is being filled begins.
    begun: usize,
    /// The sum over the copies of a unit that has begun.
    open: Option<Vec<Tensor<B>>>,
    moments: Moments<B>,
}

impl<'a, B: Backend> Draws<'a, B> {
    pub(super) fn new(moment: Moment, n: usize, pairs: bool, start: Option<&'a Start<'a, B>>) -> Self {
        let smallest = if pairs { 2 } else { 1 };
        let unit = match start {
            Some(_) => n,
            None => smallest,
        };
        Draws { moment, n, unit, start, done: 0, begun: 0, open: None, moments: Moments::new() }
    }

    /// Adds what was found for the next `steps` copies of each sample, which stand sample by sample.
    pub(super) fn add(&mut self, found: &Attribution<B>, steps: usize) -> Result<()> {
        let values = found.values.iter().map(Tensor::widen);
        let values = match self.moment {
            Moment::Square => values.map(|v| v.and_then(|v| v.mul(&v))).collect::<Result<Vec<_>>>()?,
            Moment::Mean | Moment::Variance => values.collect::<Result<_>>()?,
        };
        let share = self.share(1);
        self.moments.add_extras(found.extras.clone(), &vec![share; steps]);
        if self.unit == 1 && self.start.is_none() {
            return self.moments.add_values(&values, &vec![share; steps]);
        }
        let mut from = 0;
        while from < steps {
            // What is left over goes with the last unit: a copy without its opposite is no unit like the others.
            let rest = self.n.saturating_sub(self.begun);
            let end = if rest < 2 * self.unit { self.n } else { self.begun + self.unit };
            let len = end.saturating_sub(self.done).min(steps - from).max(1);
            let part = values.iter().map(|v| sum_of_copies(v, steps, from, len)).collect::<Result<Vec<_>>>()?;
            let sum = match self.open.take() {
                Some(sum) => sum.iter().zip(&part).map(|(sum, part)| sum.add(part)).collect::<Result<_>>()?,
                None => part,
            };
            self.done += len;
            from += len;
            if self.done < end {
                self.open = Some(sum);
            } else {
                self.close(&sum, self.done - self.begun)?;
                self.begun = self.done;
            }
        }
        Ok(())
    }

    /// Takes the mean of a unit of so many copies.
    fn close(&mut self, sum: &[Tensor<B>], copies: usize) -> Result<()> {
        #[allow(clippy::cast_precision_loss)]
        let mean = sum.iter().map(|sum| sum.scale(1.0 / copies as f64)).collect::<Result<Vec<_>>>()?;
        let mean = match self.start {
            Some(start) => start.pull_mean(&mean)?,
            None => mean,
        };
        self.moments.add_values(&mean, &[self.share(copies)])
    }

    #[allow(clippy::cast_precision_loss)]
    fn share(&self, copies: usize) -> f64 {
        copies as f64 / self.n as f64
    }

    /// The moment, and what came with it.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn finish(self) -> Result<(Vec<Tensor<B>>, Extras)> {
        let (moment, n) = (self.moment, self.n as f64);
        let Some(found) = self.moments.finish()? else {
            let reason = "it must be at least 1".into();
            return Err(Error::InvalidParameter { name: "n", value: self.n.to_string(), reason });
        };
        let error = if moment == Moment::Variance { None } else { found.relative_error()? };
        Ok(match moment {
            Moment::Mean => (found.mean, found.extras.with_error_of_mean(error)),
            Moment::Square => (found.mean, found.extras.of_squares().with_error_of_mean(error)),
            Moment::Variance => {
                let unbiased = |spread: &Tensor<B>| spread.scale(n / (n - 1.0));
                (found.spread.iter().map(unbiased).collect::<Result<_>>()?, found.extras.of_squares())
            }
        })
    }
}

/// The sum over `len` of the copies of each sample: (samples · copies, ...) to (samples, ...).
fn sum_of_copies<B: Backend>(values: &Tensor<B>, copies: usize, from: usize, len: usize) -> Result<Tensor<B>> {
    let shape = values.shape();
    let (samples, rest) = (shape.first().copied().unwrap_or(0) / copies.max(1), shape.get(1..).unwrap_or_default());
    let grouped = values.reshape(&[&[samples, copies], rest].concat())?;
    grouped.narrow(1, from, len)?.sum(&[1])?.reshape(&[&[samples], rest].concat())
}
