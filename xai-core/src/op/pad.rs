//! Images with a border.

use super::example::{Example, Numbers};
use super::operation::plain_operation;
use super::{Padding, shape};
use crate::{Error, Result};

/// An image with a border of one value around it.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Pad2d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Pad2d::new(1));
/// let y = net.predict(array![[[[1.0, 2.0], [3.0, 4.0]]]].view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 1, 4, 4]);
///
/// let fives = Pad2d::new([0, 1]).value(5.0);
/// assert_eq!(fives.output_shape(&[1, 3, 4, 4])?, [1, 3, 4, 6]);
/// let net = Net::<NdArray<f64>, _>::new(fives);
/// assert_eq!(net.predict(array![[[[7.0]]]].view().into_dyn())?, array![[[[5.0, 7.0, 5.0]]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pad2d {
    /// The border's widths.
    pub padding: Padding,
    /// The value of the border.
    pub value: f64,
}

impl Pad2d {
    /// A border of zeros: a number, `[rows, columns]`, or a [`Padding`] of four sides.
    pub fn new(padding: impl Into<Padding>) -> Self {
        Pad2d { padding: padding.into(), value: 0.0 }
    }

    /// Sets the value of the border.
    #[must_use]
    pub fn value(mut self, value: f64) -> Self {
        self.value = value;
        self
    }

    /// The output's shape for an input (B, C, H, W), with everything checked.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input is no image, [`Error::InvalidParameter`] for a padding that cannot be
    /// counted.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let op = "Pad2d";
        let [batch, channels, rows, columns] = shape::image(op, input)?;
        let padded = |length: usize, (before, after): (usize, usize)| {
            length.checked_add(before).and_then(|n| n.checked_add(after)).ok_or_else(|| Error::InvalidParameter {
                name: "padding",
                value: format!("{:?}", self.padding),
                reason: "the padded image has too many rows or columns".into(),
            })
        };
        let [vertical, horizontal] = self.padding.sides();
        shape::countable(op, input, vec![batch, channels, padded(rows, vertical)?, padded(columns, horizontal)?])
    }
}

plain_operation!(Pad2d {
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        self.value >= 0.0 && inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let border = Padding { top: 1, bottom: 0, left: 2, right: 3 };
        Ok(vec![
            Example::new("padding", Pad2d::new(border), &[2, 2, 3, 4]),
            Example::new("padding with a value", Pad2d::new(border).value(-1.5), &[2, 2, 3, 4]),
        ])
    }
});
