//! A caller's numbers, on their way into a model's number type.

use ndarray::ArrayD;

use super::{Arithmetic, Element, Tensor};
use crate::{Error, Result};

/// Refuses numbers that a number type does not hold, whose largest is given: cast, they would be infinite.
pub(crate) fn check_fits<'a, E: Element>(
    name: &'static str,
    numbers: impl IntoIterator<Item = &'a E>,
    largest: f64,
) -> Result<()> {
    match numbers.into_iter().find(|number| number.as_f64().abs() > largest) {
        None => Ok(()),
        Some(number) => Err(Error::InvalidParameter {
            name,
            // Not 300 digits.
            value: format!("{:e}", number.as_f64()),
            reason: format!(
                "the model's number type holds no number above {largest:e}: scale the input, or run the model in a \
                 wider type"
            ),
        }),
    }
}

impl<B: Arithmetic> Tensor<B> {
    /// Copies a caller's numbers to where the model lives.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] with this name for a number that the type there does not hold, and the framework's
    /// own.
    pub(crate) fn of_numbers(name: &'static str, numbers: &ArrayD<f64>, at: &B::Placement) -> Result<Self> {
        check_fits(name, numbers, B::largest_number(at))?;
        Tensor::upload(numbers.mapv(B::Elem::of).view(), at)
    }
}
