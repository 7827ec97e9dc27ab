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
        /// Sets the number of points on the path, 2 to 10,000,000.
        #[must_use]
        #[doc(alias("n_steps"))]
        pub fn n(mut self, n: usize) -> Self {
            self.$($settings).+.n = n;
            self
        }

        /// The reference input x₀: `&array` of the input's own shape, or a [`Reference`]($crate::Reference).
        #[must_use]
        #[doc(alias("baseline", "baselines"))]
        pub fn reference(mut self, reference: impl Into<$crate::Reference>) -> Self {
            self.$($settings).+.references = vec![reference.into()];
            self
        }

        /// The reference inputs of several explained inputs, in their order; zeros for those that have none.
        #[must_use]
        pub fn references(mut self, references: impl IntoIterator<Item = $crate::Reference>) -> Self {
            self.$($settings).+.references = references.into_iter().collect();
            self
        }

        /// The rule for the points and their weights.
        #[must_use]
        pub fn quadrature(mut self, quadrature: $crate::Quadrature) -> Self {
            self.$($settings).+.quadrature = quadrature;
            self
        }

        /// Takes as many points as it needs for a relative error of the values, ‖Â - A‖₂ / ‖A‖₂, of about this much:
        /// 0.05 for 5 %. In place of `n` and the quadrature, of which nothing is used then;
        /// [`Quadrature::Secant`]($crate::Quadrature::Secant) is refused.
        ///
        /// Every sample gets points of its own, where its gradient changes most, until the estimated error is below the
        /// tolerance or `max_n` evaluations are reached. The explanation's extras tell the estimate, the number of
        /// evaluations, and whether the tolerance was met. The estimate is a mean square, not a bound: of a
        /// map of a photo it is close, of a map of few numbers the error can be a multiple of it
        /// (`docs/path-nodes.md`).
        #[must_use]
        pub fn tolerance(mut self, tolerance: f64) -> Self {
            self.$($settings).+.tolerance.error = Some(tolerance);
            self
        }

        /// As [`tolerance`](Self::tolerance), for the completeness gap: relative to |f(x) - f(x₀)|, or to ‖A‖₂ where
        /// that is larger. Both may be set. A small gap is no sign of small errors: they have either sign.
        #[must_use]
        pub fn gap_tolerance(mut self, tolerance: f64) -> Self {
            self.$($settings).+.tolerance.gap = Some(tolerance);
            self
        }

        /// At most how many evaluations of the model a tolerance may take for each sample, 9 to 10,000,000. 1000 unless
        /// set.
        #[must_use]
        pub fn max_n(mut self, max_n: usize) -> Self {
            self.$($settings).+.tolerance.max_n = Some(max_n);
            self
        }

        $crate::passes::pass_builders!($($settings).+);
    };
}
pub(crate) use path_builders;
