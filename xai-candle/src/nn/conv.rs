//! Convolutions, plain and transposed.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use std::collections::HashMap;
//!
//! use candle_core::{DType, Device, Module, Tensor};
//! use xai::candle::nn::VarBuilder;
//! use xai::candle::nn::conv::{conv_transpose2d_no_bias, conv2d, conv2d_no_bias};
//!
//! let weights = HashMap::from([
//!     ("weight".to_owned(), Tensor::new(&[[[[2f64]]]], &Device::Cpu)?),
//!     ("bias".to_owned(), Tensor::new(&[0.5f64], &Device::Cpu)?),
//! ]);
//! let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
//! let x = Tensor::new(&[[[[3f64]]]], &Device::Cpu)?;
//! let of = |layer: &dyn Module| layer.forward(&x)?.flatten_all()?.to_vec1::<f64>();
//! assert_eq!(of(&conv2d(1, 1, 1, Default::default(), vb.clone())?)?, [6.5]);
//! assert_eq!(of(&conv2d_no_bias(1, 1, 1, Default::default(), vb.clone())?)?, [6.0]);
//! assert_eq!(of(&conv_transpose2d_no_bias(1, 1, 1, Default::default(), vb)?)?, [6.0]);
//! # Ok::<(), candle_core::Error>(())
//! ```

use candle_core::{Module, Result, Tensor, bail};
use candle_nn::VarBuilder;
/// How a convolution goes over its input, candle_nn's own: what is not given is as in PyTorch.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use xai::candle::nn::{Conv1dConfig, Conv2dConfig, ConvTranspose1dConfig, ConvTranspose2dConfig};
///
/// let plain = Conv2dConfig { padding: 1, ..Default::default() };
/// assert_eq!((plain.padding, plain.stride, plain.dilation, plain.groups), (1, 1, 1, 1));
/// // A transposed one may have a row and a column more at its end.
/// let transposed = ConvTranspose2dConfig { stride: 2, output_padding: 1, ..Default::default() };
/// assert_eq!((transposed.padding, transposed.stride, transposed.output_padding), (0, 2, 1));
/// // Over sequences it is the same.
/// assert_eq!((Conv1dConfig::default().stride, ConvTranspose1dConfig::default().output_padding), (1, 0));
/// ```
pub use candle_nn::{Conv1dConfig, Conv2dConfig, ConvTranspose1dConfig, ConvTranspose2dConfig};

use super::computed::{computed, run};
use super::wrap::wrap;

macro_rules! convolutions {
    ($($(#[$doc:meta])* $name:ident($config:ident), $bias_shape:expr, $by_candle:expr;)*) => {$(
        wrap! {
            $(#[$doc])*
            $name
        }

        impl $name {
            /// Of a weight, and a bias (outputs).
            pub fn new(weight: Tensor, bias: Option<Tensor>, config: $config) -> Self {
                candle_nn::$name::new(weight, bias, config).into()
            }

            /// Padding, stride and so on.
            pub fn config(&self) -> &$config {
                self.0.config()
            }

            /// The weight.
            pub fn weight(&self) -> &Tensor {
                self.0.weight()
            }

            /// (outputs)
            pub fn bias(&self) -> Option<&Tensor> {
                self.0.bias()
            }
        }

        impl Module for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                match self.bias() {
                    Some(bias) if computed(bias) => {
                        let bare = $name::new(self.weight().clone(), None, *self.config());
                        bare.forward(x)?.broadcast_add(&bias.reshape($bias_shape)?)
                    }
                    _ => run(&self.0, [self.weight()], x, || $by_candle(&self.0, x)),
                }
            }
        }
    )*};
}

convolutions! {
    /// Over sequences (batch, channels, length): [`candle_nn::Conv1d`] with this crate's gradient.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Module, Tensor};
    /// use xai::candle::nn::{Conv1d, Conv1dConfig};
    ///
    /// let (weight, bias) = (Tensor::new(&[[[1f64, 1.0]]], &Device::Cpu)?, Tensor::new(&[10f64], &Device::Cpu)?);
    /// let conv = Conv1d::new(weight, Some(bias), Conv1dConfig { stride: 2, ..Default::default() });
    /// assert_eq!((conv.config().stride, conv.weight().dims(), conv.bias().is_some()), (2, &[1, 1, 2][..], true));
    /// let x = Tensor::new(&[[[1f64, 2.0, 3.0, 4.0]]], &Device::Cpu)?;
    /// assert_eq!(conv.forward(&x)?.to_vec3::<f64>()?, [[[13.0, 17.0]]]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    Conv1d(Conv1dConfig), (1, (), 1), conv1d_by_windows;
    /// Over images (batch, channels, rows, columns): [`candle_nn::Conv2d`] with this crate's gradient.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Module, Tensor};
    /// use xai::candle::nn::{Conv2d, Conv2dConfig};
    ///
    /// let weight = Tensor::new(&[[[[1f64, 10.0], [100.0, 1000.0]]]], &Device::Cpu)?;
    /// let conv = Conv2d::new(weight, None, Conv2dConfig { padding: 1, stride: 2, ..Default::default() });
    /// assert_eq!((conv.config().padding, conv.weight().dims(), conv.bias().is_none()), (1, &[1, 1, 2, 2][..], true));
    /// // A border of zeros, so that each window has one number of the image.
    /// let x = Tensor::new(&[[[[1f64, 2.0], [3.0, 4.0]]]], &Device::Cpu)?;
    /// assert_eq!(conv.forward(&x)?.flatten_all()?.to_vec1::<f64>()?, [1000.0, 200.0, 30.0, 4.0]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    Conv2d(Conv2dConfig), (1, (), 1, 1), Module::forward;
    /// Over sequences: [`candle_nn::ConvTranspose1d`], which has no gradient in candle, with this crate's.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Module, Tensor};
    /// use xai::candle::nn::{ConvTranspose1d, ConvTranspose1dConfig};
    ///
    /// let weight = Tensor::new(&[[[1f64, 10.0]]], &Device::Cpu)?;
    /// let conv = ConvTranspose1d::new(weight, None, ConvTranspose1dConfig { stride: 2, ..Default::default() });
    /// assert_eq!((conv.config().stride, conv.weight().dims(), conv.bias().is_none()), (2, &[1, 1, 2][..], true));
    /// let x = Tensor::new(&[[[1f64, 2.0]]], &Device::Cpu)?;
    /// assert_eq!(conv.forward(&x)?.to_vec3::<f64>()?, [[[1.0, 10.0, 2.0, 20.0]]]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    ConvTranspose1d(ConvTranspose1dConfig), (1, (), 1), transposed_one_by_one;
    /// Over images: [`candle_nn::ConvTranspose2d`] with this crate's gradient.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Module, Tensor};
    /// use xai::candle::nn::{ConvTranspose2d, ConvTranspose2dConfig};
    ///
    /// let (weight, bias) = (Tensor::new(&[[[[1f64, 10.0]]]], &Device::Cpu)?, Tensor::new(&[0.5f64], &Device::Cpu)?);
    /// let conv = ConvTranspose2d::new(weight, Some(bias), ConvTranspose2dConfig::default());
    /// assert_eq!((conv.config().stride, conv.weight().dims(), conv.bias().is_some()), (1, &[1, 1, 1, 2][..], true));
    /// let x = Tensor::new(&[[[[1f64, 2.0]]]], &Device::Cpu)?;
    /// assert_eq!(conv.forward(&x)?.flatten_all()?.to_vec1::<f64>()?, [1.5, 12.5, 20.5]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    ConvTranspose2d(ConvTranspose2dConfig), (1, (), 1, 1), Module::forward;
}

/// A convolution whose weight was computed, as a product of windows: candle's own mixes up the samples of a batch on
/// its way back.
fn conv1d_by_windows(conv: &candle_nn::Conv1d, x: &Tensor) -> Result<Tensor> {
    let Conv1dConfig { padding, stride, dilation, groups, .. } = *conv.config();
    let (outputs, inputs, width) = conv.weight().dims3()?;
    let x = x.pad_with_zeros(2, padding, padding)?;
    let (batch, channels, length) = x.dims3()?;
    let reach = dilation.saturating_mul(width.saturating_sub(1)).saturating_add(1);
    if channels != inputs * groups || length < reach || stride == 0 || groups == 0 {
        bail!("conv1d: {:?} with {padding} zeros at each end does not fit {conv:?}", x.dims());
    }
    let count = (length - reach) / stride + 1;
    let place = |i: usize| u32::try_from(i / width * stride + i % width * dilation).map_err(candle_core::Error::wrap);
    let places = (0..count * width).map(place).collect::<Result<Vec<u32>>>()?;
    let places = Tensor::from_vec(places, count * width, x.device())?;
    let group = |(x, weight): (&Tensor, &Tensor)| {
        let windows = x.contiguous()?.index_select(&places, 2)?.reshape((batch, inputs, count, width))?;
        let windows = windows.transpose(1, 2)?.reshape((batch * count, inputs * width))?;
        let weight = weight.reshape((outputs / groups, inputs * width))?.t()?;
        windows.matmul(&weight)?.reshape((batch, count, outputs / groups))?.transpose(1, 2)
    };
    let (x, weights) = (x.chunk(groups, 1)?, conv.weight().chunk(groups, 0)?);
    let y = Tensor::cat(&x.iter().zip(&weights).map(group).collect::<Result<Vec<_>>>()?, 1)?;
    match conv.bias() {
        Some(bias) => y.broadcast_add(&bias.reshape((1, (), 1))?),
        None => Ok(y),
    }
}

/// Samples by themselves: candle's own transposed convolution mixes them up.
fn transposed_one_by_one(conv: &candle_nn::ConvTranspose1d, x: &Tensor) -> Result<Tensor> {
    let rows = (0..x.dim(0)?).map(|row| conv.forward(&x.narrow(0, row, 1)?)).collect::<Result<Vec<_>>>()?;
    Tensor::cat(&rows, 0)
}

impl Conv2d {
    /// This convolution and the batch norm behind it as one convolution.
    ///
    /// # Errors
    /// When the norm is without weight and bias, or of other channels.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Module, Tensor};
    /// use xai::candle::nn::{BatchNorm, Conv2d};
    ///
    /// // 2 x, and (x - 1) / √(3 + 1) · 4 + 5 = 2 x + 3 behind it.
    /// let conv = Conv2d::new(Tensor::new(&[[[[2f64]]]], &Device::Cpu)?, None, Default::default());
    /// let of = |number: f64| Tensor::new(&[number], &Device::Cpu);
    /// let norm = BatchNorm::new(1, of(1.0)?, of(3.0)?, of(4.0)?, of(5.0)?, 1.0)?;
    /// let both = conv.absorb_bn(&norm)?;
    /// let x = Tensor::new(&[[[[7f64]]]], &Device::Cpu)?;
    /// assert_eq!(both.forward(&x)?.flatten_all()?.to_vec1::<f64>()?, [31.0]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn absorb_bn(&self, bn: &super::BatchNorm) -> Result<Self> {
        let both = self.0.absorb_bn(bn.as_candle())?;
        let norm = bn.weight_and_bias().into_iter().flat_map(|(weight, bias)| [weight, bias]);
        if norm.chain([self.weight()]).chain(self.bias()).any(computed) {
            return Ok(both.into());
        }
        // candle keeps the running numbers as variables: what is computed of them is a weight all the same.
        Ok(Conv2d::new(both.weight().detach(), both.bias().map(Tensor::detach), *both.config()))
    }
}

macro_rules! built {
    ($($name:ident: $layer:ident($config:ident), $doc:literal, $has:literal, $x:literal => $y:literal;)*) => {$(
        #[doc = $doc]
        ///
        /// # Errors
        /// When the weights are missing or of another shape.
        ///
        /// ```
        /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
        /// use candle_core::{DType, Device, Module, Tensor};
        #[doc = concat!("use xai::candle::nn::{VarBuilder, ", stringify!($name), "};")]
        ///
        /// // From 3 channels to 8, by a kernel that is 5 wide.
        /// let weights = VarBuilder::zeros(DType::F32, &Device::Cpu);
        #[doc = concat!("let conv = ", stringify!($name), "(3, 8, 5, Default::default(), weights)?;")]
        #[doc = concat!("assert_eq!((conv.weight().dims(), conv.bias().is_some()), (", $has, "));")]
        #[doc = concat!("let y = conv.forward(&Tensor::ones(", $x, ", DType::F32, &Device::Cpu)?)?;")]
        #[doc = concat!("assert_eq!(y.dims(), ", $y, ");")]
        /// # Ok::<(), candle_core::Error>(())
        /// ```
        pub fn $name(
            in_channels: usize,
            out_channels: usize,
            kernel_size: usize,
            cfg: $config,
            vb: VarBuilder<'_>,
        ) -> Result<$layer> {
            candle_nn::$name(in_channels, out_channels, kernel_size, cfg, vb).map($layer)
        }
    )*};
}

built! {
    conv1d: Conv1d(Conv1dConfig), "A convolution over sequences of `weight` and `bias`.",
        "&[8, 3, 5][..], true", "(1, 3, 9)" => "[1, 8, 5]";
    conv1d_no_bias: Conv1d(Conv1dConfig), "A convolution over sequences of `weight`.",
        "&[8, 3, 5][..], false", "(1, 3, 9)" => "[1, 8, 5]";
    conv2d: Conv2d(Conv2dConfig), "A convolution over images of `weight` and `bias`.",
        "&[8, 3, 5, 5][..], true", "(1, 3, 9, 9)" => "[1, 8, 5, 5]";
    conv2d_no_bias: Conv2d(Conv2dConfig), "A convolution over images of `weight`.",
        "&[8, 3, 5, 5][..], false", "(1, 3, 9, 9)" => "[1, 8, 5, 5]";
    conv_transpose1d: ConvTranspose1d(ConvTranspose1dConfig), "A transposed one over sequences of `weight` and `bias`.",
        "&[3, 8, 5][..], true", "(1, 3, 9)" => "[1, 8, 13]";
    conv_transpose1d_no_bias: ConvTranspose1d(ConvTranspose1dConfig), "A transposed one over sequences of `weight`.",
        "&[3, 8, 5][..], false", "(1, 3, 9)" => "[1, 8, 13]";
    conv_transpose2d: ConvTranspose2d(ConvTranspose2dConfig), "A transposed one over images of `weight` and `bias`.",
        "&[3, 8, 5, 5][..], true", "(1, 3, 9, 9)" => "[1, 8, 13, 13]";
    conv_transpose2d_no_bias: ConvTranspose2d(ConvTranspose2dConfig), "A transposed one over images of `weight`.",
        "&[3, 8, 5, 5][..], false", "(1, 3, 9, 9)" => "[1, 8, 13, 13]";
}
