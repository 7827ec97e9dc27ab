//! Attention by products and softmax, where candle has one fused step without a gradient.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Tensor, Var};
//! use xai::candle::nn::attention::{AttnMask, flash_attn};
//!
//! let one = Tensor::new(&[[[[1f32]], [[1.0]]]], &Device::Cpu)?;
//! let values = Var::from_tensor(&Tensor::new(&[[[[1f32]], [[3.0]]]], &Device::Cpu)?)?;
//! // Both tokens look at both alike: each value counts half, and that twice.
//! let y = flash_attn::<f32>(&one, &one, &values, 1.0, AttnMask::None, None, None)?;
//! assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [2.0, 2.0]);
//! let gradients = y.sum_all()?.backward()?;
//! assert_eq!(gradients.get(&values).unwrap().flatten_all()?.to_vec1::<f32>()?, [1.0, 1.0]);
//! # Ok::<(), candle_core::Error>(())
//! ```

mod products;
pub mod varlen;

/// What a query does not look at, candle_nn's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::attention::{AttnMask, flash_attn};
///
/// // Two tokens; none looks at the second one, by a mask that is added to the scores.
/// let x = Tensor::new(&[[[[1f32]], [[3.0]]]], &Device::Cpu)?;
/// let hidden = Tensor::new(&[[0f32, f32::NEG_INFINITY], [0.0, f32::NEG_INFINITY]], &Device::Cpu)?;
/// let y = flash_attn::<f32>(&x, &x, &x, 1.0, AttnMask::Mask(hidden), None, None)?;
/// assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [1.0, 1.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub use candle_nn::attention::AttnMask;

pub use self::products::{flash_attn, sdpa};
pub use self::varlen::{flash_attn_varlen_cpu, flash_attn_varlen_unfused};
