//! Numbers and padding for axes other than the two of an image.

/// Zeros before and after each of N axes.
///
/// From a number for all sides, from one number for each axis, or from (before, after) of each axis. `(before, after)`
/// alone does for one axis: `(kernel - 1, 0)` makes a convolution causal.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::PaddingNd;
///
/// assert_eq!(PaddingNd::<2>::from(1), PaddingNd([(1, 1), (1, 1)]));
/// assert_eq!(PaddingNd::<1>::from((2, 0)), PaddingNd([(2, 0)]));
/// ```
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
///
/// ```
/// # use xai_core as xai;
/// # use ndarray::Array3;
/// # use xai::{NdArray, Tensor};
/// use xai::nn::{Conv1d, ConvPaddingNd};
///
/// # let weight = Tensor::<NdArray>::upload(Array3::ones((4, 2, 3)).into_dyn().view(), &())?;
/// let conv = Conv1d::new(weight, None)?.padding(ConvPaddingNd::Same);
/// assert_eq!(conv.output_shape(&[1, 2, 10])?, [1, 4, 10]);
/// # Ok::<(), xai::Error>(())
/// ```
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
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::Triple;
///
/// assert_eq!((2.triple(), [1, 2, 3].triple()), ([2, 2, 2], [1, 2, 3]));
/// ```
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
