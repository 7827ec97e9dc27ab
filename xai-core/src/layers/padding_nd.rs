//! Numbers and padding for axes other than the two of an image.

/// Zeros before and after each of N axes.
///
/// From a number for all sides, from one number for each axis, or from (before, after) of each axis. `(before, after)`
/// alone does for one axis: `(kernel - 1, 0)` makes a convolution causal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaddingNd<const N: usize>(pub [(usize, usize); N]);

impl<const N: usize> Default for PaddingNd<N> {
    fn default() -> Self {
        PaddingNd([(0, 0); N])
    }
}

impl<const N: usize> From<usize> for PaddingNd<N> {
    fn from(border: usize) -> Self {
        PaddingNd([(border, border); N])
    }
}

impl<const N: usize> From<[usize; N]> for PaddingNd<N> {
    fn from(borders: [usize; N]) -> Self {
        PaddingNd(borders.map(|border| (border, border)))
    }
}

impl<const N: usize> From<[(usize, usize); N]> for PaddingNd<N> {
    fn from(sides: [(usize, usize); N]) -> Self {
        PaddingNd(sides)
    }
}

impl From<(usize, usize)> for PaddingNd<1> {
    fn from(sides: (usize, usize)) -> Self {
        PaddingNd([sides])
    }
}

/// The padding of a convolution over N axes: given, or found from the input's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvPaddingNd<const N: usize> {
    /// Zeros before and after each axis.
    Explicit(PaddingNd<N>),
    /// As much as makes the output ⌈input / stride⌉ long, as [`Padding::same`](crate::nn::Padding::same) finds it.
    Same,
}

impl<const N: usize> Default for ConvPaddingNd<N> {
    fn default() -> Self {
        ConvPaddingNd::Explicit(PaddingNd::default())
    }
}

impl<const N: usize, P: Into<PaddingNd<N>>> From<P> for ConvPaddingNd<N> {
    fn from(padding: P) -> Self {
        ConvPaddingNd::Explicit(padding.into())
    }
}

/// A number for the three axes of a volume, or one for each, (slices, rows, columns).
pub trait Triple {
    /// (slices, rows, columns).
    fn triple(self) -> [usize; 3];
}

impl Triple for usize {
    fn triple(self) -> [usize; 3] {
        [self; 3]
    }
}

impl Triple for [usize; 3] {
    fn triple(self) -> [usize; 3] {
        self
    }
}

impl Triple for (usize, usize, usize) {
    fn triple(self) -> [usize; 3] {
        [self.0, self.1, self.2]
    }
}
