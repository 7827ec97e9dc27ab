//! Rotary position embeddings: the functions of [`candle_nn::rotary_emb`], whose gradient candle cuts.
//!
//! Each pair of features is turned by an angle of its position, y₀ = x₀ cos - x₁ sin, y₁ = x₀ sin + x₁ cos; so the
//! cotangent is turned back by the same angle. The angles are constants.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Tensor};
//! use xai::candle::nn::rotary_emb::{rope, rope_i, rope_thd};
//!
//! // One token of four features: a quarter turn for the first pair, none for the second.
//! let x = Tensor::new(&[[[[1f64, 2.0, 3.0, 4.0]]]], &Device::Cpu)?;
//! let (cos, sin) = (Tensor::new(&[[0f64, 1.0]], &Device::Cpu)?, Tensor::new(&[[1f64, 0.0]], &Device::Cpu)?);
//! assert_eq!(rope(&x, &cos, &sin)?.flatten_all()?.to_vec1::<f64>()?, [-3.0, 2.0, 1.0, 4.0]);
//! assert_eq!(rope_i(&x, &cos, &sin)?.flatten_all()?.to_vec1::<f64>()?, [-2.0, 1.0, 3.0, 4.0]);
//! assert_eq!(rope_thd(&x, &cos, &sin)?.flatten_all()?.to_vec1::<f64>()?, [-3.0, 2.0, 1.0, 4.0]);
//! # Ok::<(), candle_core::Error>(())
//! ```

use candle_core::{Error, Result, Tensor, bail};
use candle_nn::rotary_emb as candle;

use super::computed::computed;
use crate::ops::ruled;
use crate::rules::Pull;

type Turn = fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>;

fn turned(name: &'static str, turn: Turn, [x, cos, sin]: [&Tensor; 3]) -> Result<Tensor> {
    if computed(cos) || computed(sin) {
        bail!("{name}: cos and sin hang on what is explained, and no gradient goes to them; use positions that do not");
    }
    let (cos, sin) = (cos.detach().contiguous()?, sin.detach().contiguous()?);
    let y = turn(&x.detach().contiguous()?, &cos, &sin)?;
    let pull: Pull = Box::new(move |v| turn(&v.contiguous()?, &cos, &sin.neg()?));
    ruled(name, x, (y, pull)).map_err(Error::wrap)
}

macro_rules! embeddings {
    ($($name:ident($turn:ident), $doc:literal, $y:literal;)*) => {$(
        #[doc = $doc]
        ///
        /// cos and sin are (length, features / 2), or (batch, length, features / 2).
        ///
        /// # Errors
        /// When the shapes do not fit, or cos and sin were computed from what is explained.
        ///
        /// ```
        /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
        /// use candle_core::{Device, Tensor};
        #[doc = concat!("use xai::candle::nn::rotary_emb::", stringify!($name), ";")]
        ///
        /// // One token of four features: a quarter turn for the first pair, none for the second.
        /// let x = Tensor::new(&[[[[1f64, 2.0, 3.0, 4.0]]]], &Device::Cpu)?;
        /// let (cos, sin) = (Tensor::new(&[[0f64, 1.0]], &Device::Cpu)?, Tensor::new(&[[1f64, 0.0]], &Device::Cpu)?);
        #[doc = concat!("let y = ", stringify!($name), "(&x, &cos, &sin)?;")]
        #[doc = concat!("assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, ", $y, ");")]
        /// # Ok::<(), candle_core::Error>(())
        /// ```
        pub fn $name(xs: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
            turned(stringify!($name), candle::$turn, [xs, cos, sin])
        }
    )*};
}

embeddings! {
    rope(rope), "The first half of the features with the second one; x is (batch, heads, length, features).",
        "[-3.0, 2.0, 1.0, 4.0]";
    rope_slow(rope), "As [`rope`]: here both are as fast.", "[-3.0, 2.0, 1.0, 4.0]";
    rope_i(rope_i), "Neighbours with each other; x is (batch, heads, length, features).", "[-2.0, 1.0, 3.0, 4.0]";
    rope_i_slow(rope_i), "As [`rope_i`]: here both are as fast.", "[-2.0, 1.0, 3.0, 4.0]";
    rope_thd(rope_thd), "As [`rope`], of x (batch, length, heads, features).", "[-3.0, 2.0, 1.0, 4.0]";
}
