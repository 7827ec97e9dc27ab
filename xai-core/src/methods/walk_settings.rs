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

        /// At most how many samples go through the model in one pass: this bounds the memory. Unless set, as many as
        /// a CPU is fastest with, so that the largest map that a layer gives out has at most 26 MB, and at most 64.
        #[must_use]
        pub fn chunk(mut self, chunk: usize) -> Self {
            self.$($settings).+.chunk = Some(chunk);
            self
        }

        /// Calls back after every pass.
        #[must_use]
        pub fn on_progress<Go: $crate::Answer>(
            mut self,
            report: impl Fn($crate::Progress) -> Go + Send + Sync + 'static,
        ) -> Self {
            self.$($settings).+.reporter = $crate::passes::Reporter::new(report);
            self
        }
    };
}
pub(super) use walk_builders;

/// The builder method of what follows a curve by a rule that can be chosen.
macro_rules! quadrature_builder {
    ($($settings:ident).+) => {
        /// The rule for the points and what is taken of the gradient there. The trapezoid rule, unless set.
        #[must_use]
        pub fn quadrature(mut self, quadrature: $crate::Quadrature) -> Self {
            self.$($settings).+.quadrature = quadrature;
            self
        }
    };
}
pub(super) use quadrature_builder;
