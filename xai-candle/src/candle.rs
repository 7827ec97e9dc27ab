//! The backend's type, and the numbers outside.

use std::marker::PhantomData;

use candle_core::WithDType;
use xai_core::Element;

use crate::kernels::Real;

/// candle, with arrays of `E` (`f32` or `f64`) outside and F64, F32, F16 or BF16 tensors on the device.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use ndarray::array;
/// use xai::candle::Candle;
/// use xai::nn::Activation;
/// use xai::{Analyzer, InputTimesGradient, Net};
///
/// let net = Net::<Candle<f64>, _>::new(Activation::Relu);
/// assert_eq!(InputTimesGradient.analyze(&net, &array![[3.0, -1.0]], 0)?.values, array![[3.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Candle<E = f32>(PhantomData<E>);

/// The numbers outside: `f32` or `f64`.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use ndarray::Array2;
/// use xai::candle::{Candle, Host};
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, Net};
///
/// /// The slope of silu at 0, in single or in double precision.
/// fn slope<E: Host>() -> xai::Result<f64> {
///     let net = Net::<Candle<E>, _>::new(Activation::Silu);
///     let why = Gradient.analyze(&net, &Array2::from_elem((1, 1), E::of(0.0)), 0)?;
///     Ok(why.values[[0, 0]].as_f64())
/// }
/// assert_eq!((slope::<f32>()?, slope::<f64>()?), (0.5, 0.5));
/// # Ok::<(), xai::Error>(())
/// ```
pub trait Host: Element + WithDType + Real {}
impl Host for f32 {}
impl Host for f64 {}
