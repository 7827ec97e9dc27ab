//! Can the model's gradient be trusted? [`check_gradient`].

mod differences;
mod report;

use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use self::differences::Probe;
pub use self::report::{Direction, GradientReport, Verdict};
use crate::explain::Elem;
use crate::explain::rows::{check_input, check_rows};
use crate::passes::at_least;
use crate::{Backend, Differentiable, Element, Error, Result, Tensor};

/// Compares the model's vjp with finite differences along 8 random directions, and says in words whether it can be
/// trusted. Run it once on your model: frameworks have wrong gradients, and user code cuts them.
///
/// ```
/// use ndarray::{ArcArray, IxDyn, array};
/// use xai_core::{Function, NdArray, check_gradient};
///
/// type T = ArcArray<f64, IxDyn>;
/// let right = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
/// assert!(check_gradient(&right, &array![[1.0, 2.0]])?.is_trusted());
///
/// let wrong = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v);
/// let report = check_gradient(&wrong, &array![[1.0, 2.0]])?;
/// assert!(!report.is_trusted());
/// assert!(report.to_string().contains("wrong scale"));
/// # Ok::<(), xai_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidShape`] for an input without a batch axis or an element, or an output without a row for each sample,
/// [`Error::InvalidParameter`] for an input that is not finite, and the model's own. A path that the
/// framework reports as cut is no error here but the verdict [`Verdict::Cut`], and a model that gives the same input
/// two outputs the verdict [`Verdict::Random`].
pub fn check_gradient<M, S, D>(model: &M, input: &ArrayBase<S, D>) -> Result<GradientReport>
where
    M: Differentiable + ?Sized,
    S: Data<Elem = Elem<M>>,
    D: Dimension,
{
    GradientCheck::new().run(model, input)
}

/// [`check_gradient`] with other settings.
///
/// The check draws a random cotangent v and random directions d, and compares, for φ(x) = ⟨v, f(x)⟩, the central
/// difference (φ(x + h·d) - φ(x - h·d)) / 2h with the mean of ⟨vjp(v), d⟩ over the same segment. The mean, not the
/// value in the middle: a network of relus has kinks in every segment that is long enough for single precision. The
/// mean is refined, up to 27 points, until it agrees; what the gradient's jumps from point to point may hide, and the
/// rounding of the difference, is the noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientCheck {
    directions: usize,
    seed: u64,
    tolerance: f64,
}

impl GradientCheck {
    /// 8 directions, seed 0, a tolerance of 1%.
    pub fn new() -> Self {
        GradientCheck { directions: 8, seed: 0, tolerance: 0.01 }
    }

    /// How many random directions, at least 2.
    #[must_use]
    pub fn directions(mut self, directions: usize) -> Self {
        self.directions = directions;
        self
    }

    /// The seed of the directions.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Up to which relative error a gradient is trusted, where the noise is smaller.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Runs the check.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for fewer than 2 directions or a tolerance that is not positive, and those of
    /// [`check_gradient`].
    pub fn run<M, S, D>(&self, model: &M, input: &ArrayBase<S, D>) -> Result<GradientReport>
    where
        M: Differentiable + ?Sized,
        S: Data<Elem = Elem<M>>,
        D: Dimension,
    {
        at_least("directions", self.directions, 2)?;
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return Err(Error::InvalidParameter {
                name: "tolerance",
                value: self.tolerance.to_string(),
                reason: "it must be a positive number".into(),
            });
        }
        check_input(input)?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let graph = model.graph(&[input.shape().to_vec()])?;
        graph.check(None, &[true])?;
        let placement = model.placement_for(&[input.shape().to_vec()])?;
        let x = Tensor::upload(input.view().into_dyn(), &placement)?;
        let output = model.forward(&x)?;
        check_rows(&x, &output)?;
        let change = change(&output.download()?, &model.forward(&x)?.download()?);
        if change > UNSTEADY {
            return Ok(GradientReport::random(change));
        }
        let host = input.mapv(Element::as_f64).into_dyn();
        let cotangent = normal(&output.shape(), &mut rng);
        let precision = precision_of(&normal(host.shape(), &mut rng), &x)?;
        let probe = Probe::new(model, placement, &host, &cotangent, self.tolerance, precision);
        let directions = (0..self.directions)
            .map(|_| probe.compare_along(&normal(host.shape(), &mut rng)))
            .collect::<Result<Vec<_>>>();
        let directions = match directions {
            Ok(directions) => directions,
            Err(error) if matches!(error.root(), Error::Detached { .. }) => {
                return Ok(GradientReport::cut(error.to_string()));
            }
            Err(error) => return Err(error),
        };
        Ok(GradientReport::judge(directions, self.tolerance, precision > COARSE))
    }
}

impl Default for GradientCheck {
    fn default() -> Self {
        Self::new()
    }
}

/// Half types are coarser than this, and too coarse for finite differences.
const COARSE: f64 = 1e-5;

/// Two passes of one input may differ by this: by the order of a GPU's sums, even in a half type.
const UNSTEADY: f64 = 1e-2;

/// ‖a - b‖ / ‖a‖.
fn change<E: Element>(a: &ArrayD<E>, b: &ArrayD<E>) -> f64 {
    let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
    let apart = norm(&mut a.iter().zip(b).map(|(a, b)| a.as_f64() - b.as_f64()));
    if apart == 0.0 { 0.0 } else { apart / norm(&mut a.iter().map(|a| a.as_f64())) }
}

/// The relative precision of the model's numbers, which may be coarser than the host's: what a trip there and back does
/// to numbers.
fn precision_of<B: Backend>(numbers: &ArrayD<f64>, like: &Tensor<B>) -> Result<f64> {
    let back = Tensor::<B>::upload(numbers.mapv(B::Elem::of).view(), &like.placement())?.download()?;
    let change =
        |(&back, &sent): (&B::Elem, &f64)| 2.0 * (back.as_f64() - sent).abs() / sent.abs().max(f64::MIN_POSITIVE);
    let host = <B::Elem as num_traits::Float>::epsilon().as_f64();
    Ok(back.iter().zip(numbers).map(change).fold(host, f64::max))
}

fn normal(shape: &[usize], rng: &mut ChaCha8Rng) -> ArrayD<f64> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || StandardNormal.sample(rng))
}
