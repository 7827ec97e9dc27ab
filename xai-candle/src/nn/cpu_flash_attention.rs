//! The name that [`flash_attn`] had before.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Tensor};
//! use xai::candle::nn::cpu_flash_attention::run_flash_attn_cpu;
//!
//! // Both tokens look at both alike.
//! let one = Tensor::new(&[[[[1f32]], [[1.0]]]], &Device::Cpu)?;
//! let values = Tensor::new(&[[[[1f32]], [[3.0]]]], &Device::Cpu)?;
//! let y = run_flash_attn_cpu::<f32>(&one, &one, &values, None, 1.0, None, None)?;
//! assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [2.0, 2.0]);
//! # Ok::<(), candle_core::Error>(())
//! ```

use candle_core::{Result, Tensor, WithDType};

use super::attention::{AttnMask, flash_attn};

/// [`candle_nn::cpu_flash_attention::run_flash_attn_cpu`], on every device: as
/// [`flash_attn`], with a mask that is added or none.
///
/// # Errors
/// As those of [`flash_attn`].
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::cpu_flash_attention::run_flash_attn_cpu;
///
/// let x = Tensor::new(&[[[[3f32]]]], &Device::Cpu)?;
/// let y = run_flash_attn_cpu::<f32>(&x, &x, &x, None, 1.0, None, None)?;
/// assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [3.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn run_flash_attn_cpu<T: WithDType>(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    mask: Option<&Tensor>,
    softmax_scale: f32,
    max_bias: Option<f32>,
    softcap: Option<f32>,
) -> Result<Tensor> {
    let mask = mask.map_or(AttnMask::None, |mask| AttnMask::Mask(mask.clone()));
    flash_attn::<T>(q, k, v, softmax_scale, mask, max_bias, softcap)
}
