//! Functions on images (batch, channels, rows, columns).

use candle_core::{Result, Tensor};
use xai_core::nn::{
    AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, Conv2d, ConvPadding, MaxPool2d, Pad2d, Padding, Pair, Upsample2d,
};

use super::apply;
use crate::weights::constant;

/// Two-dimensional convolution; weight (out, in / groups, rows, columns), bias (out).
///
/// Padding is a number, `[rows, columns]`, a [`Padding`] of four sides, or [`ConvPadding::Same`]; stride and dilation
/// are a number or `[rows, columns]`.
///
/// # Errors
/// When the shapes do not fit, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[[[1f32, 2.0], [3.0, 4.0]]]], &Device::Cpu)?;
/// let sum = Tensor::ones((1, 1, 2, 2), x.dtype(), x.device())?;
/// let y = ops::conv2d(&x, &sum, None, 0, 1, 1, 1)?;
/// assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [10.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn conv2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    padding: impl Into<ConvPadding>,
    stride: impl Pair,
    dilation: impl Pair,
    groups: usize,
) -> Result<Tensor> {
    let conv = Conv2d {
        weight: constant(weight),
        bias: bias.map(constant),
        stride: stride.pair(),
        padding: padding.into(),
        dilation: dilation.pair(),
        groups,
    };
    apply(conv, x)
}

/// The maximum of each window, of any size and stride; of equal ones the first gets the gradient.
///
/// # Errors
/// When the window does not fit, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor, Var};
/// use xai::candle::ops;
///
/// let x = Var::from_tensor(&Tensor::new(&[[[[1f32, 4.0, 4.0]]]], &Device::Cpu)?)?;
/// let gradients = ops::max_pool2d(&x, [1, 3], 1, 0)?.backward()?;
/// assert_eq!(gradients.get(&x).unwrap().flatten_all()?.to_vec1::<f32>()?, [0.0, 1.0, 0.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn max_pool2d(x: &Tensor, kernel: impl Pair, stride: impl Pair, padding: impl Into<Padding>) -> Result<Tensor> {
    apply(MaxPool2d::new(kernel).stride(stride).padding(padding), x)
}

/// The mean of each window, of any size and stride; `count_include_pad` says whether the padding counts in it.
///
/// # Errors
/// When the window does not fit, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[[[2f32, 4.0]]]], &Device::Cpu)?;
/// let mean = |counted| ops::avg_pool2d(&x, [1, 2], [1, 2], [0, 1], counted)?.flatten_all()?.to_vec1::<f32>();
/// assert_eq!((mean(true)?, mean(false)?), (vec![1.0, 2.0], vec![2.0, 4.0]));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn avg_pool2d(
    x: &Tensor,
    kernel: impl Pair,
    stride: impl Pair,
    padding: impl Into<Padding>,
    count_include_pad: bool,
) -> Result<Tensor> {
    let pool = AvgPool2d::new(kernel).stride(stride).padding(padding).count_include_pad(count_include_pad);
    apply(pool, x)
}

/// Average pooling to a size; 1 is global pooling.
///
/// # Errors
/// When the input is no image, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[[[1f32, 2.0], [3.0, 4.0]]]], &Device::Cpu)?;
/// assert_eq!(ops::adaptive_avg_pool2d(&x, 1)?.flatten_all()?.to_vec1::<f32>()?, [2.5]);
/// assert_eq!(ops::adaptive_avg_pool2d(&x, [2, 1])?.flatten_all()?.to_vec1::<f32>()?, [1.5, 3.5]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn adaptive_avg_pool2d(x: &Tensor, size: impl Pair) -> Result<Tensor> {
    apply(AdaptiveAvgPool2d::new(size), x)
}

/// Max pooling to a size; 1 is global pooling.
///
/// # Errors
/// When the input is no image, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[[[1f32, 2.0], [3.0, 4.0]]]], &Device::Cpu)?;
/// assert_eq!(ops::adaptive_max_pool2d(&x, [1, 2])?.flatten_all()?.to_vec1::<f32>()?, [3.0, 4.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn adaptive_max_pool2d(x: &Tensor, size: impl Pair) -> Result<Tensor> {
    apply(AdaptiveMaxPool2d::new(size), x)
}

/// The image in another size, by its nearest pixels; the size need not be a whole multiple.
///
/// # Errors
/// When the input is no image, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[[[1f32, 2.0]]]], &Device::Cpu)?;
/// assert_eq!(ops::upsample_nearest2d(&x, [1, 3])?.flatten_all()?.to_vec1::<f32>()?, [1.0, 1.0, 2.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn upsample_nearest2d(x: &Tensor, size: impl Pair) -> Result<Tensor> {
    apply(Upsample2d::nearest(size), x)
}

/// The image in another size, bilinear between pixel centres; `align_corners` lets the corner pixels coincide.
///
/// # Errors
/// When the input is no image, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[[[1f32, 2.0]]]], &Device::Cpu)?;
/// let resized = |aligned| ops::upsample_bilinear2d(&x, [1, 3], aligned)?.flatten_all()?.to_vec1::<f32>();
/// assert_eq!((resized(true)?[1], resized(false)?[1]), (1.5, 1.5));
/// assert_eq!((resized(true)?[0], resized(true)?[2]), (1.0, 2.0));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn upsample_bilinear2d(x: &Tensor, size: impl Pair, align_corners: bool) -> Result<Tensor> {
    let resized = if align_corners { Upsample2d::bilinear_aligned(size) } else { Upsample2d::bilinear(size) };
    apply(resized, x)
}

/// The image with a border of one value around it.
///
/// # Errors
/// When the input is no image, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[[[1f32, 2.0]]]], &Device::Cpu)?;
/// assert_eq!(ops::pad2d(&x, [0, 1], -1.0)?.flatten_all()?.to_vec1::<f32>()?, [-1.0, 1.0, 2.0, -1.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn pad2d(x: &Tensor, padding: impl Into<Padding>, value: f64) -> Result<Tensor> {
    apply(Pad2d::new(padding).value(value), x)
}
