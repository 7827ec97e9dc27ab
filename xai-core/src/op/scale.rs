//! One scale and one shift for all numbers.

use super::example::{Example, Numbers};
use super::operation::plain_operation;
use crate::{Error, Result};

/// scale · x + shift, one scale and one shift for all numbers.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Scale;
/// use xai::{Backend, NdArray, Tensor};
///
/// // Pixels from 0 to 1, from -1 to 1.
/// let x = Tensor::<NdArray<f64>>::upload(array![[0.0, 0.75, 1.0]].view().into_dyn(), &())?;
/// let y = NdArray::forward(&Scale { scale: 2.0, shift: -1.0 }.into(), &[&x])?;
/// assert_eq!(y.download()?, array![[-1.0, 0.5, 1.0]].into_dyn());
/// assert!(Scale { scale: f64::NAN, shift: 0.0 }.output_shape(&[1, 3]).is_err());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The factor.
    pub scale: f64,
    /// What is added.
    pub shift: f64,
}

impl Scale {
    /// The output's shape: the input's.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when scale or shift is not finite.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        if self.scale.is_finite() && self.shift.is_finite() {
            return Ok(input.to_vec());
        }
        let value = format!("{}, {}", self.scale, self.shift);
        Err(Error::InvalidParameter { name: "scale and shift", value, reason: "they must be finite numbers".into() })
    }
}

plain_operation!(Scale {
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        self.scale >= 0.0 && self.shift >= 0.0 && inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(vec![Example::new("scale and shift", Scale { scale: -1.5, shift: 0.25 }, &[2, 3, 4])])
    }
});
