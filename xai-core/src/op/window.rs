//! Windows that slide over an image.

use super::{Padding, shape};
use crate::{Error, Result};

/// A kernel on its way over a padded image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) dilation: [usize; 2],
    pub(super) padding: Padding,
}

impl Window {
    /// Checks that no length or step is zero.
    pub(super) fn check(&self) -> Result<()> {
        positive("kernel", self.kernel)?;
        positive("stride", self.stride)?;
        positive("dilation", self.dilation)
    }

    /// How many places the window has on each axis of an image (B, C, H, W) given to the layer `op`.
    pub(super) fn places(&self, op: &str, input: [usize; 4]) -> Result<[usize; 2]> {
        self.check()?;
        let along = |axis: usize| {
            let (name, length) = [("rows", input[2]), ("columns", input[3])][axis];
            let (before, after) = self.padding.sides()[axis];
            let padded = length.checked_add(before).and_then(|n| n.checked_add(after));
            let span = self.dilation[axis].checked_mul(self.kernel[axis] - 1).and_then(|n| n.checked_add(1));
            match (padded, span) {
                (Some(padded), Some(span)) if span <= padded => Ok((padded - span) / self.stride[axis] + 1),
                (Some(padded), Some(span)) => Err(Error::InvalidShape {
                    what: format!("input of {op}"),
                    got: input.to_vec(),
                    reason: format!(
                        "the kernel spans {span} {name}, the padded image has {padded} ({before} + {length} + \
                         {after}): give a larger image, or more padding"
                    ),
                }),
                _ => Err(Error::InvalidParameter {
                    name: "padding, kernel and dilation",
                    value: format!("{:?}, {:?}, {:?}", self.padding, self.kernel, self.dilation),
                    reason: format!("the {name} of the window or of the padded image cannot be counted: too many"),
                }),
            }
        };
        Ok([along(0)?, along(1)?])
    }
}

/// Checks that both lengths are at least 1.
pub(super) fn positive(name: &'static str, value: [usize; 2]) -> Result<()> {
    if value.contains(&0) {
        let value = format!("{value:?}");
        return Err(Error::InvalidParameter { name, value, reason: "it must be at least 1 on each axis".into() });
    }
    Ok(())
}

/// The shape of an image of another size, checked.
pub(super) fn resized(op: &str, input: &[usize], size: [usize; 2]) -> Result<Vec<usize>> {
    let [batch, channels, ..] = shape::image(op, input)?;
    positive("size", size)?;
    shape::countable(op, input, vec![batch, channels, size[0], size[1]])
}
