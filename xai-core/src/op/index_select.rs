//! Entries of an axis by fixed places.

use super::example::{Example, Numbers};
use super::operation::plain_operation;
use super::shape;
use crate::{Error, Result};

/// Entries of an axis by fixed places, each as often as it is named: `y[.., i, ..] = x[.., places[i], ..]`.
///
/// Input (.., N, ..) with N on the axis, output (.., number of places, ..). A place may come several times or not at
/// all: on the way back, x gets the sum over its copies, and zeros where it was left out.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::IndexSelect;
///
/// let reversed_and_once_more = IndexSelect::new(1, [2, 1, 0, 2]);
/// assert_eq!(reversed_and_once_more.output_shape(&[8, 3, 5])?, [8, 4, 5]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSelect {
    /// The axis.
    pub axis: usize,
    /// For each entry of the output's axis, the place of the input's.
    pub places: Vec<usize>,
}

impl IndexSelect {
    /// The entries at these places of an axis.
    pub fn new(axis: usize, places: impl Into<Vec<usize>>) -> Self {
        IndexSelect { axis, places: places.into() }
    }

    /// The output's shape, with everything checked.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when the input has no such axis, when there is no place, and for a place outside of
    /// the axis, which it names; [`Error::InvalidShape`] when the input has no element.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let mut output = input.to_vec();
        let rank = input.len();
        let length = output.get_mut(self.axis).ok_or_else(|| Error::InvalidParameter {
            name: "axis",
            value: self.axis.to_string(),
            reason: format!("the input of IndexSelect has {rank} axes: it must be below {rank}"),
        })?;
        let refused = |value: String, reason: String| Error::InvalidParameter { name: "places", value, reason };
        if self.places.is_empty() {
            return Err(refused("[]".into(), "IndexSelect needs at least one".into()));
        }
        if let Some((i, place)) = self.places.iter().enumerate().find(|&(_, place)| place >= length) {
            let reason = format!("number {i} of them is outside of axis {}, which has the length {length}", self.axis);
            return Err(refused(place.to_string(), reason));
        }
        *length = self.places.len();
        shape::countable("IndexSelect", input, output)
    }
}

plain_operation!(IndexSelect {
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        self.axis == 0
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(vec![
            Example::new("entries by places", IndexSelect::new(1, [4, 0, 4, 2, 4]), &[2, 5, 3]),
            Example::new("entries of the last axis", IndexSelect::new(2, [1]), &[2, 3, 4]),
        ])
    }
});
