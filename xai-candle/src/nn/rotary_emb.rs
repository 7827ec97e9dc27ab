//! Rotary position embeddings: the functions of [`candle_nn::rotary_emb`], whose gradient candle cuts.
//!
//! Each pair of features is turned by an angle of its position, y₀ = x₀ cos - x₁ sin, y₁ = x₀ sin + x₁ cos; so the
//! cotangent is turned back by the same angle. The angles are constants.

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
    ($($name:ident($turn:ident), $doc:literal;)*) => {$(
        #[doc = $doc]
        ///
        /// cos and sin are (length, features / 2), or (batch, length, features / 2).
        ///
        /// # Errors
        /// When the shapes do not fit, or cos and sin were computed from what is explained.
        pub fn $name(xs: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
            turned(stringify!($name), candle::$turn, [xs, cos, sin])
        }
    )*};
}

embeddings! {
    rope(rope), "The first half of the features with the second one; x is (batch, heads, length, features).";
    rope_slow(rope), "As [`rope`]: here both are as fast.";
    rope_i(rope_i), "Neighbours with each other; x is (batch, heads, length, features).";
    rope_i_slow(rope_i), "As [`rope_i`]: here both are as fast.";
    rope_thd(rope_thd), "As [`rope`], of x (batch, length, heads, features).";
}
