//! The numbers that go in and come out.

use std::fmt::{Debug, Display};

use num_traits::{Float, NumAssign};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A host number: `f32` or `f64`. What the caller's ndarray arrays are made of.
///
/// ```
/// # use xai_core as xai;
/// use xai::Element;
///
/// fn halved<E: Element>(number: E) -> E {
///     number * E::of(0.5)
/// }
/// assert_eq!((halved(3.0_f32).as_f64(), halved(3.0_f64)), (1.5, 1.5));
/// ```
pub trait Element: sealed::Sealed + Float + NumAssign + Debug + Display + Default + Send + Sync + 'static {
    /// The nearest number of this type.
    fn of(value: f64) -> Self;
    /// This number as an `f64`, exactly.
    fn as_f64(self) -> f64;
}

impl Element for f32 {
    #[allow(clippy::cast_possible_truncation)]
    fn of(value: f64) -> Self {
        value as f32
    }
    fn as_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Element for f64 {
    fn of(value: f64) -> Self {
        value
    }
    fn as_f64(self) -> f64 {
        self
    }
}
