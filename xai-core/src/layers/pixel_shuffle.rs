//! Between channels and pixels.

use super::lengths::{at_least_one, axes, refused};
use crate::{Backend, Layer, Result, Var};

const IMAGE: &str = "(batch, channels, rows, columns)";

/// Channels to pixels, PyTorch's `PixelShuffle`: (B, C·r², H, W) to (B, C, H·r, W·r), where pixel (r·h + i, r·w + j) of
/// channel c is pixel (h, w) of channel c·r² + i·r + j.
///
/// Errors: [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has not 4 axes, or its channels are no
/// multiple of r²; [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a factor of 0.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::ArrayD;
/// use xai::nn::PixelShuffle;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(PixelShuffle::new(2));
/// let y = net.predict(ArrayD::<f64>::zeros(vec![1, 4, 3, 3]).view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 1, 6, 6]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelShuffle {
    factor: usize,
}

/// Pixels to channels, PyTorch's `PixelUnshuffle`: (B, C, H·r, W·r) to (B, C·r², H, W), the inverse of
/// [`PixelShuffle`].
///
/// Errors: [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has not 4 axes, or its rows or columns
/// are no multiple of r; [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a factor of 0.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::ArrayD;
/// use xai::nn::PixelUnshuffle;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(PixelUnshuffle::new(2));
/// let y = net.predict(ArrayD::<f64>::zeros(vec![1, 1, 6, 6]).view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 4, 3, 3]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelUnshuffle {
    factor: usize,
}

impl PixelShuffle {
    /// So many times as many rows and columns: PyTorch's `upscale_factor`.
    pub fn new(factor: usize) -> Self {
        PixelShuffle { factor }
    }
}

impl PixelUnshuffle {
    /// Rows and columns divided by this: PyTorch's `downscale_factor`.
    pub fn new(factor: usize) -> Self {
        PixelUnshuffle { factor }
    }
}

impl<B: Backend> Layer<B> for PixelShuffle {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let (input, r) = (x.shape()?, self.factor);
        at_least_one("factor", &[r])?;
        let [batch, channels, rows, columns] = axes("PixelShuffle", &input, IMAGE)?;
        let Some(outputs) = r.checked_mul(r).filter(|square| channels % square == 0).map(|square| channels / square)
        else {
            let reason = format!("its {channels} channels (axis 1) are no multiple of {r} · {r}");
            return Err(refused("PixelShuffle", &input, reason));
        };
        let apart = x.reshape(&[batch, outputs, r, r, rows, columns]).permute(&[0, 1, 4, 2, 5, 3]);
        Ok(apart.reshape(&[batch, outputs, rows.saturating_mul(r), columns.saturating_mul(r)]))
    }
}

impl<B: Backend> Layer<B> for PixelUnshuffle {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let (input, r) = (x.shape()?, self.factor);
        at_least_one("factor", &[r])?;
        let [batch, channels, rows, columns] = axes("PixelUnshuffle", &input, IMAGE)?;
        if rows % r != 0 || columns % r != 0 {
            let reason = format!("its {rows} rows and {columns} columns are no multiples of {r}");
            return Err(refused("PixelUnshuffle", &input, reason));
        }
        let (rows, columns) = (rows / r, columns / r);
        let apart = x.reshape(&[batch, channels, rows, r, columns, r]).permute(&[0, 1, 3, 5, 2, 4]);
        Ok(apart.reshape(&[batch, channels.saturating_mul(r).saturating_mul(r), rows, columns]))
    }
}
