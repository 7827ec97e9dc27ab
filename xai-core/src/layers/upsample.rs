//! Other lengths of sequences, and other sizes of volumes.

use super::lengths::at_least_one;
use super::{Triple, one_row, slices};
use crate::op::{Upsample2d, UpsampleMode};
use crate::{Backend, Layer, Result, Var};

/// A sequence resized to a length: (B, C, L) to (B, C, L'). PyTorch's `Upsample` of sequences.
///
/// Errors: [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has not 3 axes,
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a length of 0.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Upsample1d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Upsample1d::linear_aligned(3));
/// let y = net.predict(array![[[1.0, 3.0]]].view().into_dyn())?;
/// assert_eq!(y, array![[[1.0, 2.0, 3.0]]].into_dyn());
///
/// let two = |op: Upsample1d| Net::<NdArray<f64>, _>::new(op).predict(array![[[0.0, 4.0]]].view().into_dyn());
/// assert_eq!(two(Upsample1d::nearest(3))?, array![[[0.0, 0.0, 4.0]]].into_dyn());
/// assert_eq!(two(Upsample1d::nearest_exact(3))?, array![[[0.0, 4.0, 4.0]]].into_dyn());
/// assert_eq!(two(Upsample1d::linear(4))?, array![[[0.0, 1.0, 3.0, 4.0]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upsample1d {
    length: usize,
    mode: UpsampleMode,
}

/// A volume resized: (B, C, D, H, W) to (B, C, D', H', W'). PyTorch's `Upsample` of volumes.
///
/// Each slice is resized, and then the stack of slices, which is the same, as every mode treats the axes one by one.
/// Errors: [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has not 5 axes,
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a size of 0.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArrayD, array};
/// use xai::nn::Upsample3d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Upsample3d::trilinear([4, 6, 8]));
/// let y = net.predict(ArrayD::<f64>::zeros(vec![1, 2, 2, 3, 4]).view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 2, 4, 6, 8]);
///
/// // Two voxels in a row.
/// let two = |op: Upsample3d| Net::<NdArray<f64>, _>::new(op).predict(array![[[[[0.0, 4.0]]]]].view().into_dyn());
/// assert_eq!(two(Upsample3d::nearest([1, 1, 3]))?, array![[[[[0.0, 0.0, 4.0]]]]].into_dyn());
/// assert_eq!(two(Upsample3d::nearest_exact([1, 1, 3]))?, array![[[[[0.0, 4.0, 4.0]]]]].into_dyn());
/// assert_eq!(two(Upsample3d::trilinear_aligned([1, 1, 3]))?, array![[[[[0.0, 2.0, 4.0]]]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upsample3d {
    size: [usize; 3],
    mode: UpsampleMode,
}

impl Upsample1d {
    /// The nearest entries: ⌊i · L / L'⌋, as PyTorch's `nearest`.
    pub fn nearest(length: usize) -> Self {
        Upsample1d { length, mode: UpsampleMode::Nearest }
    }

    /// The nearest entries by their centres, as PyTorch's `nearest-exact`.
    pub fn nearest_exact(length: usize) -> Self {
        Upsample1d { length, mode: UpsampleMode::NearestExact }
    }

    /// Linear interpolation between the entries' centres.
    pub fn linear(length: usize) -> Self {
        Upsample1d { length, mode: UpsampleMode::Bilinear { align_corners: false } }
    }

    /// Linear interpolation with coinciding ends: PyTorch's `align_corners`.
    pub fn linear_aligned(length: usize) -> Self {
        Upsample1d { length, mode: UpsampleMode::Bilinear { align_corners: true } }
    }
}

impl Upsample3d {
    /// The nearest voxels, as PyTorch's `nearest`: a size, or `[slices, rows, columns]`.
    pub fn nearest(size: impl Triple) -> Self {
        Upsample3d { size: size.triple(), mode: UpsampleMode::Nearest }
    }

    /// The nearest voxels by their centres, as PyTorch's `nearest-exact`: a size, or `[slices, rows, columns]`.
    pub fn nearest_exact(size: impl Triple) -> Self {
        Upsample3d { size: size.triple(), mode: UpsampleMode::NearestExact }
    }

    /// Trilinear interpolation between voxel centres: a size, or `[slices, rows, columns]`.
    pub fn trilinear(size: impl Triple) -> Self {
        Upsample3d { size: size.triple(), mode: UpsampleMode::Bilinear { align_corners: false } }
    }

    /// Trilinear interpolation with coinciding corner voxels: a size, or `[slices, rows, columns]`.
    pub fn trilinear_aligned(size: impl Triple) -> Self {
        Upsample3d { size: size.triple(), mode: UpsampleMode::Bilinear { align_corners: true } }
    }
}

impl<B: Backend> Layer<B> for Upsample1d {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        at_least_one("length", &[self.length])?;
        one_row::through("Upsample1d", &x, Upsample2d { size: [1, self.length], mode: self.mode })
    }
}

impl<B: Backend> Layer<B> for Upsample3d {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        at_least_one("size", &self.size)?;
        let ([depth, rows, columns], mode) = (self.size, self.mode);
        let plane = Upsample2d { size: [rows, columns], mode };
        // The pixels of a slice are columns that keep their places.
        slices::through("Upsample3d", &x, plane.into(), |pixels| Upsample2d { size: [depth, pixels], mode }.into())
    }
}
