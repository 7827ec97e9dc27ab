//! Any operation, in one function.

use candle_core::{Error, Result, Tensor};
use xai_core::Op;

use super::on_tape;
use crate::Candle;

/// Any operation of the vocabulary that has one input, on candle's tape: the other functions here in one.
///
/// # Errors
/// When the input does not fit the operation, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
/// use xai::nn::CumSum;
///
/// let x = Tensor::new(&[[1f32, 2.0, 4.0]], &Device::Cpu)?;
/// assert_eq!(ops::apply(CumSum::new(-1), &x)?.to_vec2::<f32>()?, [[1.0, 3.0, 7.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn apply(op: impl Into<Op<Candle>>, x: &Tensor) -> Result<Tensor> {
    on_tape(&op.into(), x).map_err(Error::wrap)
}
