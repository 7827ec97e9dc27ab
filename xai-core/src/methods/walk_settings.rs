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
        #[must_use]
        pub fn quadrature(mut self, quadrature: $crate::Quadrature) -> Self {
            self.$($settings).+.quadrature = quadrature;
            self
        }
    };
}
pub(super) use quadrature_builder;
