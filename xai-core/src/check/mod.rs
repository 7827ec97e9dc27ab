//! Can the model's gradient be trusted? [`check_gradient`].

mod differences;
mod directions;
mod family;
mod report;
mod steady;

use std::cell::Cell;

use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use self::differences::Probe;
use self::directions::{Kind, Sizes};
use self::family::Family;
pub use self::report::{Direction, GradientReport, Verdict};
use self::steady::Steady;
use crate::explain::Elem;
use crate::explain::rows::{check_input, check_rows};
use crate::passes::within;
use crate::{Backend, Differentiable, Element, Error, Result, Tensor};

/// Compares the model's vjp with finite differences along 8 random directions, and says in words whether it can be
/// trusted. Run it once on your model: frameworks have wrong gradients, and user code cuts them.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArcArray, IxDyn, array};
/// use xai::{Function, NdArray, check_gradient};
///
/// type T = ArcArray<f64, IxDyn>;
/// let right = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
/// assert!(check_gradient(&right, &array![[1.0, 2.0]])?.is_trusted());
///
/// let wrong = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v);
/// let report = check_gradient(&wrong, &array![[1.0, 2.0]])?;
/// assert!(!report.is_trusted());
/// assert!(report.to_string().contains("wrong scale"));
/// # Ok::<(), xai::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidShape`] for an input without a batch axis or an element, or an output without a row for each sample,
/// [`Error::InvalidParameter`] for an input that is not finite, [`Error::NotDifferentiable`] for a model without a way
/// back, and the errors of its forward pass. What fails on the way back is no error here but a verdict,
/// [`Verdict::Cut`] where the framework says that a path is cut, else [`Verdict::Failed`].
#[doc(alias("gradcheck"))]
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
/// mean begins with the gradient at x, which is the same for all directions, and is refined, up to 27 points, until it
/// agrees; what the gradient's jumps from point to point may hide, and the rounding of the difference, is the noise.
/// Where values on the way show that the derivative does not turn, few points that differ are proof enough.
///
/// Of the directions, one half moves each number by its own size (the root mean square along its feature), so that a
/// feature in thousands hides none in tenths. The other half moves all numbers by one size, and equal numbers together:
/// what is tied, as two maxima, stays tied, and has to be differentiated right as well. Both halves must agree.
///
/// So a right gradient takes some 24 forward passes and two ways back where no kink is near, and more where one is; a
/// fault that one half of the directions finds ends the check.
///
/// Asked before: whether a second pass gives the same output and the same gradient, and whether a row alone gives what
/// it gives in a batch. An output that does not move is never trusted.
///
/// What it can miss: an error in less than about 1 % of what moves the output, as in one pixel of a photo; an error
/// that shows at other inputs only.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArcArray, IxDyn, array};
/// use xai::nn::Activation;
/// use xai::{Function, GradientCheck, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// let check = GradientCheck::new().directions(16).seed(1);
/// let report = check.run(&net, &array![[0.5, 1.0]])?;
/// assert!(report.is_trusted(), "{report}");
///
/// // A gradient that is 3 % too large: that of x² is 2x.
/// type T = ArcArray<f64, IxDyn>;
/// let rough = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.06);
/// assert!(!check.run(&rough, &array![[0.5, 1.0]])?.is_trusted());
/// assert!(check.tolerance(0.05).run(&rough, &array![[0.5, 1.0]])?.is_trusted());
/// # Ok::<(), xai::Error>(())
/// ```
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

    /// How many random directions, 2 to 10,000.
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

    /// Whether a check runs on this thread: what guards gradients by itself lets it see them as they are.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, IxDyn, array};
    /// use xai::{Analyzer, Function, Gradient, GradientCheck, NdArray, check_gradient};
    ///
    /// // Gradients of more than 1 are cut, but not while they are checked.
    /// type T = ArcArray<f64, IxDyn>;
    /// let cut = |g: f64| if GradientCheck::is_running() { g } else { g.clamp(-1.0, 1.0) };
    /// let square = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| (x * v * 2.0).mapv(cut));
    /// assert!(check_gradient(&square, &array![[3.0]])?.is_trusted());
    /// assert_eq!(Gradient.analyze(&square, &array![[3.0]], 0)?.values, array![[1.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn is_running() -> bool {
        RUNNING.get()
    }

    /// Runs the check.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for fewer than 2 directions or more than 10,000, or a tolerance that is not
    /// positive, and those of [`check_gradient`].
    pub fn run<M, S, D>(&self, model: &M, input: &ArrayBase<S, D>) -> Result<GradientReport>
    where
        M: Differentiable + ?Sized,
        S: Data<Elem = Elem<M>>,
        D: Dimension,
    {
        let _running = Running(RUNNING.replace(true));
        within("directions", self.directions, 2, MOST_DIRECTIONS)?;
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
        let cotangent = normal(&output.shape(), &mut rng);
        let host = input.mapv(Element::as_f64).into_dyn();
        let precision = precision_of(&normal(host.shape(), &mut rng), &x)?;
        let output = output.download()?.mapv(Element::as_f64);
        let steady = Steady { model, placement: &placement, x: &host, output: &output };
        if let Some(report) = steady.random()? {
            return Ok(report);
        }
        let sizes = Sizes::of(&host);
        let probe = Probe::new(model, &placement, &host, &cotangent, precision).with_trembling(&output, &mut rng)?;
        if let Some(report) = steady.mixes_rows(&sizes, probe.rounding(&output), &mut rng)? {
            return Ok(report);
        }
        let mut backward = || -> Result<GradientReport> {
            let gradient = match steady.gradient(&cotangent)? {
                Ok(gradient) => gradient,
                Err(random) => return Ok(random),
            };
            let mut along = |kind, count| {
                let draw = |rng: &mut ChaCha8Rng| sizes.direction(kind, &host, rng);
                Family { probe: &probe, gradient: &gradient, tolerance: self.tolerance, draw: &draw }.judge(
                    count,
                    &mut rng,
                    precision > COARSE,
                )
            };
            let own = along(Kind::OwnSize, self.directions.div_ceil(2))?;
            // Nothing that the other half could find makes up for a fault.
            if own.is_fault() {
                return Ok(own);
            }
            Ok(GradientReport::of_both(own, along(Kind::Shared, self.directions / 2)?))
        };
        // Forward the model has run by now: what fails is the way back.
        Ok(backward().unwrap_or_else(|error| match error.root() {
            Error::Detached { .. } => GradientReport::cut(error.to_string()),
            _ => GradientReport::failed(error.to_string()),
        }))
    }
}

impl Default for GradientCheck {
    fn default() -> Self {
        Self::new()
    }
}

/// Half types are coarser than this, and too coarse for finite differences.
const COARSE: f64 = 1e-5;

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Dropped, also by a panic, it says again what was said before.
struct Running(bool);

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.set(self.0);
    }
}

/// More than anybody waits for.
const MOST_DIRECTIONS: usize = 10_000;

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
