//! A border that is not the same on both sides, for a convolution that pads both sides alike.

use xai_core::nn::{ConvGeometry, Padding};

use crate::backend::int;

/// A border, the same above as below, whose outputs are those that are wanted with some in front, and some behind: less
/// to compute than a padded copy of the map.
#[derive(Clone, Copy)]
pub(super) struct Border {
    pub(super) padding: [i64; 2],
    /// Whether it gives more outputs than are wanted.
    pub(super) is_wider: bool,
    /// How many rows and columns of them are in front.
    pub(super) skipped: [usize; 2],
}

impl Border {
    /// `None` where a whole window would lie in the border.
    pub(super) fn of(geometry: &ConvGeometry) -> Option<Self> {
        let Padding { top, bottom, left, right } = geometry.padding;
        let (mut padding, mut skipped) = ([0; 2], [0; 2]);
        for (axis, (before, after)) in [(top, bottom), (left, right)].into_iter().enumerate() {
            // By whole strides, so that the windows lie where they did.
            let more = after.saturating_sub(before).div_ceil(geometry.stride[axis]);
            let wide = before + more * geometry.stride[axis];
            if before != after && wide > geometry.dilation[axis] * (geometry.kernel[axis] - 1) {
                return None;
            }
            (padding[axis], skipped[axis]) = (int(wide), more);
        }
        Some(Border { padding, is_wider: geometry.padding.as_symmetric().is_none(), skipped })
    }
}
