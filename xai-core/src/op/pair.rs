//! Numbers for both axes of an image.

/// A number for both axes of an image, or one for each, (rows, columns).
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::{MaxPool2d, Pair};
///
/// assert_eq!(MaxPool2d::new(2).output_shape(&[1, 3, 8, 8])?, [1, 3, 4, 4]);
/// assert_eq!(MaxPool2d::new([2, 4]).output_shape(&[1, 3, 8, 8])?, [1, 3, 4, 2]);
/// assert_eq!((2.pair(), [2, 4].pair(), (2, 4).pair()), ([2, 2], [2, 4], [2, 4]));
/// # Ok::<(), xai::Error>(())
/// ```
pub trait Pair {
    /// (rows, columns).
    fn pair(self) -> [usize; 2];
}

impl Pair for usize {
    fn pair(self) -> [usize; 2] {
        [self, self]
    }
}

impl Pair for [usize; 2] {
    fn pair(self) -> [usize; 2] {
        self
    }
}

impl Pair for (usize, usize) {
    fn pair(self) -> [usize; 2] {
        [self.0, self.1]
    }
}
