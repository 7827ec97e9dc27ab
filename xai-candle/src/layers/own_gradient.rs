//! The layers of candle_nn's that have a gradient of this crate's own.

use xai_core::{Layer, Result, Var};

use super::Value;
use crate::{Candle, Host};

/// A layer of candle_nn's with a gradient of its own, right where candle's is not: see
/// [`ops::layer`](crate::ops::layer).
///
/// Implemented here alone, for the layers whose weights candle_nn shows.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Result, Tensor};
/// use candle_nn::{Activation, Linear};
/// use xai::candle::{OwnGradient, ops};
///
/// /// Any layer of these, and its rectifier.
/// fn rectified(layer: &impl OwnGradient, x: &Tensor) -> Result<Tensor> {
///     ops::layer(&Activation::Relu, &ops::layer(layer, x)?)
/// }
/// let linear = Linear::new(Tensor::new(&[[1f32, -2.0], [1.0, 0.0]], &Device::Cpu)?, None);
/// let y = rectified(&linear, &Tensor::new(&[[3f32, 4.0]], &Device::Cpu)?)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[0.0, 3.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer of candle_nn's with a gradient of this crate's own",
    label = "not one of candle_nn's layers that show their weights",
    note = "`xai::candle::ops` has the others by their weights, as `group_norm`, and `xai::candle::nn` as layers",
    note = "a module of your own: call its `forward`, written with `ops`"
)]
pub trait OwnGradient: sealed::Sealed {
    /// What the layer computes of x, written once for graphs and for candle's tape.
    #[doc(hidden)]
    #[allow(clippy::missing_errors_doc)]
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! layers {
    ($($layer:ty),* $(,)?) => {$(
        impl sealed::Sealed for $layer {}

        impl<E: Host> Layer<Candle<E>> for $layer {
            fn trace<'m>(&'m self, x: Var<'m, Candle<E>>) -> Result<Var<'m, Candle<E>>> {
                self.through(x)
            }
        }
    )*};
}

layers! {
    candle_nn::Activation,
    candle_nn::BatchNorm,
    candle_nn::Conv1d,
    candle_nn::Conv2d,
    candle_nn::ConvTranspose1d,
    candle_nn::ConvTranspose2d,
    candle_nn::Dropout,
    candle_nn::LayerNorm,
    candle_nn::Linear,
    candle_nn::PReLU,
    candle_nn::RmsNorm,
    candle_nn::ops::Identity,
}
