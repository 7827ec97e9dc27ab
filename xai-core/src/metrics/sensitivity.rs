//! How much the values change when the input hardly does: [`MaxSensitivity`] and [`LocalLipschitz`].

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::metric::Metric;
use super::scored::Scored;
use super::scores::{Better, Scores};
use crate::passes::{MOST_COPIES, Reporter, progress_builder, within};
use crate::{Backend, Error, Result, Tensor};

/// How the neighbours of an input are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Neighbours {
    n: usize,
    radius: f64,
    seed: u64,
}

impl Neighbours {
    const DEFAULT: Neighbours = Neighbours { n: 10, radius: 0.02, seed: 0 };

    fn check(self) -> Result<()> {
        within("n", self.n, 1, MOST_COPIES)?;
        // Twice the radius is a number too.
        if self.radius > 0.0 && self.radius <= f64::MAX / 2.0 {
            return Ok(());
        }
        let reason = "it must be above 0 and finite".into();
        Err(Error::InvalidParameter { name: "radius", value: format!("{:e}", self.radius), reason })
    }

    /// For each sample, the largest number over its neighbours: of the values' change, the values, and the input's
    /// change, by their norms. The draws are shared by the samples of a batch.
    fn largest<B: Backend>(
        self,
        on: &Scored<'_, B>,
        (metric, reporter): (&str, &Reporter),
        number: impl Fn(f64, f64, f64) -> Option<f64>,
    ) -> Result<Scores> {
        let analyzer = on.analyzer(metric)?;
        let x = on.input()?;
        let shape = x.shape();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut largest = vec![0.0_f64; on.samples()];
        let reporter = reporter.and(&on.whole);
        let mut progress = reporter.start(self.n.saturating_mul(on.samples()));
        for _ in 0..self.n {
            let mut draw = || rng.random_range(-self.radius..=self.radius);
            let step = ArrayD::from_shape_simple_fn(IxDyn(&shape[1..]), &mut draw);
            let one = step.clone().insert_axis(ndarray::Axis(0));
            let moved = x.add(&Tensor::of_numbers("radius", &one, &x.placement())?)?;
            let found = on.explain(analyzer, on.model, &moved)?;
            Error::check_shape("values of a neighbour", on.values.shape(), found.shape())?;
            let rows = found.outer_iter().zip(on.values.outer_iter()).zip(&mut largest).enumerate();
            for (row, ((there, here), most)) in rows {
                let change = norm(&(&there - &here).view());
                let number =
                    number(change, norm(&here), norm(&step.view())).ok_or_else(|| Error::InvalidParameter {
                        name: "values",
                        value: format!("zeros of sample {}", on.sample(row)),
                        reason: "their relative change is not defined".into(),
                    })?;
                *most = most.max(number);
            }
            progress.advance(on.samples())?;
        }
        Ok(largest.into())
    }
}

fn norm(of: &ArrayViewD<'_, f64>) -> f64 {
    of.iter().map(|v| v * v).sum::<f64>().sqrt()
}

macro_rules! over_neighbours {
    ($($(#[$doc:meta])* $name:ident, $title:literal, $number:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            neighbours: Neighbours,
            reporter: Reporter,
        }

        impl $name {
            /// Ten neighbours within 0.02, in the input's units; seed 0.
            pub fn new() -> Self {
                $name { neighbours: Neighbours::DEFAULT, reporter: Reporter::default() }
            }

            /// Sets the number of neighbours, at least 1.
            #[must_use]
            pub fn n(mut self, n: usize) -> Self {
                self.neighbours.n = n;
                self
            }

            /// How far each number of the input may move, in its units.
            #[must_use]
            pub fn radius(mut self, radius: f64) -> Self {
                self.neighbours.radius = radius;
                self
            }

            /// The seed of the neighbours, which the samples of a batch share.
            #[must_use]
            pub fn seed(mut self, seed: u64) -> Self {
                self.neighbours.seed = seed;
                self
            }

            progress_builder!();
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<B: Backend> Metric<B> for $name {
            fn name(&self) -> String {
                $title.into()
            }

            fn better(&self) -> Better {
                Better::Lower
            }

            fn check(&self, _: &[usize]) -> Result<()> {
                self.neighbours.check()
            }

            fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
                self.neighbours.largest(on, ($title, &self.reporter), $number)
            }
        }
    )*};
}

over_neighbours! {
    /// Maximal sensitivity: max over n neighbours x' of ‖a(x') - a(x)‖ / ‖a(x)‖, each number of x' being within a
    /// radius of x's, drawn evenly.
    ///
    /// Of the same output: the one that was chosen on x. Defaults: n = 10, radius 0.02 in the input's units, seed 0. It
    /// costs n explanations. A method may be insensitive and wrong: a constant map scores 0.
    ///
    /// Errors: [`Error::InvalidParameter`] for n = 0, a radius that is not positive, and a sample whose values are all
    /// zero.
    ///
    /// Reference: Yeh et al. (2019), *On the (In)fidelity and Sensitivity of Explanations*, arXiv:1901.09392.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, IxDyn, array};
    /// use xai::metrics::{MaxSensitivity, Metric};
    /// use xai::{Function, Gradient, NdArray};
    ///
    /// // x², whose gradient is 2x.
    /// type T = ArcArray<f64, IxDyn>;
    /// let square = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    /// let near = MaxSensitivity::new().n(20).radius(0.5).seed(1);
    /// let score = near.of_analyzer(&square, &array![[5.0]], 0, &Gradient)?.values[0];
    /// assert!(score > 0.0 && score <= 1.0 / 10.0); // from 10 to at most 11
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("sensitivity_max"))]
    MaxSensitivity, "maximal sensitivity", |change, size, _| (size > 0.0).then(|| change / size);
    /// The local Lipschitz constant's estimate: max over n neighbours x' of ‖a(x') - a(x)‖ / ‖x' - x‖.
    ///
    /// Neighbours and errors are those of [`MaxSensitivity`], but that zeros are no error. In the values' units for
    /// one of the input's.
    ///
    /// Reference: Alvarez-Melis, Jaakkola (2018), *On the Robustness of Interpretability Methods*, arXiv:1806.08049.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, IxDyn, array};
    /// use xai::metrics::{LocalLipschitz, Metric};
    /// use xai::{Function, Gradient, NdArray};
    ///
    /// // x², whose gradient is 2x.
    /// type T = ArcArray<f64, IxDyn>;
    /// let square = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    /// let near = LocalLipschitz::new().n(20).radius(0.5).seed(1);
    /// let score = near.of_analyzer(&square, &array![[5.0]], 0, &Gradient)?.values[0];
    /// assert!((score - 2.0).abs() < 1e-6);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("LocalLipschitzEstimate"))]
    LocalLipschitz, "local Lipschitz constant", |change, _, step| Some(if step > 0.0 { change / step } else { 0.0 });
}
