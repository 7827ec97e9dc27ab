//! Can the model's gradient be trusted? [`check_gradient`].

mod differences;
mod report;

use ndarray::{Array1, ArrayBase, ArrayD, Data, Dimension, IxDyn};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use self::differences::Probe;
pub use self::report::{Direction, GradientReport, Verdict};
use crate::analyzer::Elem;
use crate::augment::at_least;
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
/// [`Error::InvalidShape`] for an input without a batch axis or an element, and the model's own. A path that the
/// framework reports as cut is no error here but the verdict [`Verdict::Cut`].
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
/// The check draws a random cotangent v and random directions d, and compares ⟨vjp(v), d⟩ with the central difference
/// of φ(x) = ⟨v, f(x)⟩ along d. The step is chosen for each direction where differences of neighbouring steps agree
/// best; how much they differ there is the noise, which kinks and rounding cause.
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
        if input.ndim() == 0 || input.is_empty() {
            return Err(Error::InvalidShape {
                what: "input".into(),
                got: input.shape().to_vec(),
                reason: "it needs a batch axis, first, and at least one element".into(),
            });
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let x = Tensor::upload(input.view().into_dyn(), &model.placement())?;
        let (output, pullback) = model.vjp(&x)?;
        let cotangent = normal::<Elem<M>>(&output.shape(), &mut rng);
        let analytic = match pullback.pull(&Tensor::upload(cotangent.view(), &output.placement())?) {
            Ok(gradient) => gradient.download()?.mapv(Element::as_f64),
            Err(error) => match error.root() {
                Error::Detached { .. } => return Ok(GradientReport::cut(error.to_string())),
                _ => return Err(error),
            },
        };
        Error::check_shape("gradient", input.shape(), analytic.shape())?;
        let host = input.mapv(Element::as_f64).into_dyn();
        let probe = Probe::new(model, &host, cotangent.mapv(Element::as_f64));
        let directions = (0..self.directions)
            .map(|_| {
                let d = normal::<f64>(host.shape(), &mut rng);
                let along = (&analytic * &d).sum();
                let (numeric, noise) = probe.derivative_along(&d)?;
                Ok(Direction { analytic: along, numeric, noise })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(GradientReport::judge(directions, self.tolerance, is_coarse(&x, &host)?))
    }
}

impl Default for GradientCheck {
    fn default() -> Self {
        Self::new()
    }
}

/// True when the model's numbers are too coarse for finite differences: a half type, which the input does not survive.
fn is_coarse<B: Backend>(x: &Tensor<B>, sent: &ArrayD<f64>) -> Result<bool> {
    let back = x.download()?;
    Ok(back.iter().zip(sent).any(|(&got, &sent)| (got.as_f64() - sent).abs() > 1e-5 * sent.abs()))
}

fn normal<E: Element>(shape: &[usize], rng: &mut ChaCha8Rng) -> ArrayD<E> {
    let draws = Array1::from_shape_simple_fn(shape.iter().product::<usize>(), || {
        let z: f64 = StandardNormal.sample(rng);
        E::of(z)
    });
    let mut values = ArrayD::from_elem(IxDyn(shape), E::zero());
    values.iter_mut().zip(draws).for_each(|(v, draw)| *v = draw);
    values
}
