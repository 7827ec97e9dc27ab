//! What can be set on everything that follows a curve.

use super::quadrature::Quadrature;
use crate::passes::Reporter;

/// What can be set on everything that follows a curve.
#[derive(Debug, Clone)]
pub(super) struct WalkSettings {
    pub(super) n: usize,
    pub(super) quadrature: Quadrature,
    pub(super) chunk: Option<usize>,
    pub(super) reporter: Reporter,
}

impl WalkSettings {
    pub(super) fn new(n: usize) -> Self {
        WalkSettings { n, quadrature: Quadrature::Trapezoid, chunk: None, reporter: Reporter::default() }
    }
}

/// The builder methods of everything that follows a curve; `$settings` is the way from `self` to the settings.
macro_rules! walk_builders {
    ($($settings:ident).+) => {
        /// Sets the number of points on the way to the input.
        #[must_use]
        pub fn n(mut self, n: usize) -> Self {
            self.$($settings).+.n = n;
            self
        }

        $crate::passes::pass_builders!($($settings).+);
    };
}
pub(super) use walk_builders;

/// The builder method of what follows a curve by a rule that can be chosen.
macro_rules! quadrature_builder {
    ($($settings:ident).+) => {
        /// The rule for the points and what is taken of the gradient there. The trapezoid rule, unless set.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, NdArray, Net, PathIntegral, Quadrature, Reference, StraightLine};
        ///
        /// // From -3 to 1 a rectifier rises by 1. Its gradients at both ends, 0 and 1, are 1/2 in the mean: 2 of 4.
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
        /// let line = PathIntegral::along(StraightLine::new(Reference::Constant(-3.0))).n(2);
        /// for (rule, value) in [(Quadrature::Trapezoid, 2.0), (Quadrature::Secant, 1.0)] {
        ///     let why = line.clone().quadrature(rule).analyze(&net, &array![[1.0]], 0)?;
        ///     assert!((why.values[[0, 0]] - value).abs() < 1e-12);
        /// }
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn quadrature(mut self, quadrature: $crate::Quadrature) -> Self {
            self.$($settings).+.quadrature = quadrature;
            self
        }
    };
}
pub(super) use quadrature_builder;
