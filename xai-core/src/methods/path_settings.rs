//! What can be set on everything that follows a path.

use super::quadrature::Quadrature;
use super::tolerance::Tolerance;
use crate::passes::Reference;
use crate::passes::Reporter;

/// What can be set on everything that follows a path.
#[derive(Debug, Clone)]
pub(crate) struct PathSettings {
    pub(crate) n: usize,
    /// For each explained input; zeros where there is none.
    pub(crate) references: Vec<Reference>,
    pub(crate) quadrature: Quadrature,
    pub(crate) tolerance: Tolerance,
    pub(crate) chunk: Option<usize>,
    pub(crate) reporter: Reporter,
}

/// The builder methods of everything that follows a path; `$settings` is the way from `self` to the settings.
macro_rules! path_builders {
    ($($settings:ident).+) => {
        /// Sets the number of points on the path, 2 to 10,000,000: see [`quadrature`](Self::quadrature).
        #[must_use]
        #[doc(alias("n_steps"))]
        pub fn n(mut self, n: usize) -> Self {
            self.$($settings).+.n = n;
            self
        }

        /// The reference input x₀: `&array` of the input's own shape, or a [`Reference`](crate::Reference).
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, IntegratedGradients, NdArray, Net};
        ///
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
        /// let why = IntegratedGradients::new().reference(&array![[1.0, 0.0]]).analyze(&net, &array![[3.0, 4.0]], 0)?;
        /// assert!((why.values[[0, 0]] - (3.0 - 1.0)).abs() < 1e-12);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        #[doc(alias("baseline", "baselines"))]
        pub fn reference(mut self, reference: impl Into<$crate::Reference>) -> Self {
            self.$($settings).+.references = vec![reference.into()];
            self
        }

        /// The reference inputs of several explained inputs, in their order; zeros for those that have none.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::{Analyzer, Differentiable, IntegratedGradients, NdArray, Reference, Result, Var};
        ///
        /// struct Sum;
        /// impl Differentiable for Sum {
        ///     type Backend = NdArray<f64>;
        ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
        ///         Ok(&x[0] + &x[1])
        ///     }
        /// }
        /// let path = IntegratedGradients::new().references([Reference::Zeros, Reference::Constant(1.0)]);
        /// let (a, b) = path.analyze(&Sum, (&array![[3.0]], &array![[3.0]]), 0)?.values;
        /// assert!((a[[0, 0]] - 3.0).abs() < 1e-12 && (b[[0, 0]] - 2.0).abs() < 1e-12);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn references(mut self, references: impl IntoIterator<Item = $crate::Reference>) -> Self {
            self.$($settings).+.references = references.into_iter().collect();
            self
        }

        /// The rule for the points and their weights.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, IntegratedGradients, NdArray, Net, Quadrature};
        ///
        /// // f(x) = x³ from 0 to 1, by two points: 3 (0 + 1) / 2, 3 (1/16 + 9/16) / 2; by the secant's slope, 1.
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 3.0 });
        /// let rules = [Quadrature::Trapezoid, Quadrature::Midpoint, Quadrature::Secant];
        /// for (rule, value) in rules.into_iter().zip([1.5, 0.9375, 1.0]) {
        ///     let why = IntegratedGradients::new().n(2).quadrature(rule).analyze(&net, &array![[1.0]], 0)?;
        ///     assert!((why.values[[0, 0]] - value).abs() < 1e-12);
        /// }
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn quadrature(mut self, quadrature: $crate::Quadrature) -> Self {
            self.$($settings).+.quadrature = quadrature;
            self
        }

        /// Takes as many points as it needs for a relative error of the values, ‖Â - A‖₂ / ‖A‖₂, of about this much:
        /// 0.05 for 5 %. In place of `n` and the quadrature, of which nothing is used then;
        /// [`Quadrature::Secant`](crate::Quadrature::Secant) is refused.
        ///
        /// Every sample gets points of its own, where its gradient changes most, until the estimated error is below the
        /// tolerance or `max_n` evaluations are reached. The explanation's extras tell the estimate, the number of
        /// evaluations, and whether the tolerance was met. The estimate is a mean square, not a bound: of a
        /// map of a photo it is close, of a map of few numbers the error can be a multiple of it
        /// (`docs/path-nodes.md`).
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, IntegratedGradients, NdArray, Net};
        ///
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 3.0 });
        /// let why = IntegratedGradients::new().tolerance(0.01).analyze(&net, &array![[1.0]], 0)?;
        /// assert!((why.values[[0, 0]] - 1.0).abs() < 0.05);
        /// assert_eq!(why.extras.within_tolerance, Some(vec![true]));
        /// println!("{:?} evaluations", why.extras.evaluations);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn tolerance(mut self, tolerance: f64) -> Self {
            self.$($settings).+.tolerance.error = Some(tolerance);
            self
        }

        /// As [`tolerance`](Self::tolerance), for the completeness gap: relative to |f(x) - f(x₀)|, or to ‖A‖₂ where
        /// that is larger. Both may be set. A small gap is no sign of small errors: they have either sign.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, IntegratedGradients, NdArray, Net};
        ///
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 3.0 });
        /// let why = IntegratedGradients::new().gap_tolerance(0.001).analyze(&net, &array![[1.0]], 0)?;
        /// assert!(why.extras.completeness_gap.is_some_and(|gap| gap[0].abs() <= 0.001));
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn gap_tolerance(mut self, tolerance: f64) -> Self {
            self.$($settings).+.tolerance.gap = Some(tolerance);
            self
        }

        /// At most how many evaluations of the model a tolerance may take for each sample, 9 to 10,000,000. 1000 unless
        /// set.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, IntegratedGradients, NdArray, Net};
        ///
        /// // The limit comes first.
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 3.0 });
        /// let why = IntegratedGradients::new().tolerance(1e-9).max_n(9).analyze(&net, &array![[1.0]], 0)?;
        /// assert_eq!((why.extras.evaluations, why.extras.within_tolerance), (Some(vec![9]), Some(vec![false])));
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn max_n(mut self, max_n: usize) -> Self {
            self.$($settings).+.tolerance.max_n = Some(max_n);
            self
        }

        $crate::passes::pass_builders!($($settings).+);
    };
}
pub(crate) use path_builders;
