//! Attention by products and softmax, where candle has one fused step without a gradient.

use candle_core::{DType, Result, Tensor, WithDType, bail};
use candle_nn::attention::AttnMask;

use crate::nn::ops::softmax_last_dim;

/// What the scores go through.
struct Scores {
    scale: f64,
    /// cap · tanh(score / cap), unless 0.
    cap: f64,
    /// Added to the scores.
    bias: Option<Tensor>,
}

/// softmax(q kᵀ · scale + bias) v for q (batch, heads, length, features); k and v of fewer heads serve several each.
fn attend(q: &Tensor, k: &Tensor, v: &Tensor, how: &Scores) -> Result<Tensor> {
    let heads = q.dim(1)?;
    let (k, v) = (repeated(k, heads)?, repeated(v, heads)?);
    let mut scores = q.contiguous()?.matmul(&k.t()?.contiguous()?)?.affine(how.scale, 0.0)?;
    if how.cap != 0.0 {
        scores = scores.affine(1.0 / how.cap, 0.0)?.tanh()?.affine(how.cap, 0.0)?;
    }
    if let Some(bias) = &how.bias {
        scores = scores.broadcast_add(bias)?;
    }
    softmax_last_dim(&scores)?.matmul(&v.contiguous()?)
}

fn repeated(t: &Tensor, heads: usize) -> Result<Tensor> {
    let (batch, own, length, features) = t.dims4()?;
    if own == 0 || !heads.is_multiple_of(own) {
        bail!("attention: {own} heads of keys and values cannot serve {heads} heads of queries");
    }
    let wide = (batch, own, heads / own, length, features);
    if own == heads {
        Ok(t.clone())
    } else {
        t.unsqueeze(2)?.broadcast_as(wide)?.reshape((batch, heads, length, features))
    }
}

/// -∞ where a key comes after its query, which is at its place plus `before`.
fn causal(q: &Tensor, keys: usize, before: usize) -> Result<Tensor> {
    let queries = q.dim(2)?;
    let value = |i: usize| if i % keys > i / keys + before { f32::NEG_INFINITY } else { 0.0 };
    Tensor::from_iter((0..queries * keys).map(value), q.device())?.reshape((queries, keys))?.to_dtype(q.dtype())
}

/// [`candle_nn::ops::sdpa`], on every device: softmax(q kᵀ · scale + mask) v, and with a `softcapping` c other than 1
/// softmax(c · tanh(q kᵀ · scale / c) + mask) v.
///
/// q (batch, heads, length, features); k and v (batch, heads or a divisor, length, features). A mask of a float type is
/// added; in one of whole numbers 0 hides a key.
///
/// # Errors
/// When the shapes do not fit.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops::sdpa;
///
/// // One query, whose two keys are alike.
/// let q = Tensor::new(&[[[[1f32, 0.0]]]], &Device::Cpu)?;
/// let k = Tensor::new(&[[[[1f32, 0.0], [1.0, 0.0]]]], &Device::Cpu)?;
/// let v = Tensor::new(&[[[[0f32, 2.0], [4.0, 6.0]]]], &Device::Cpu)?;
/// let y = sdpa(&q, &k, &v, None, false, 1.0, 1.0)?;
/// assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [2.0, 4.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn sdpa(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    mask: Option<&Tensor>,
    do_causal: bool,
    scale: f32,
    softcapping: f32,
) -> Result<Tensor> {
    let cap = if softcapping == 1.0 { 0.0 } else { f64::from(softcapping) };
    let (queries, keys) = (q.dim(2)?, k.dim(2)?);
    let bias = match (mask, do_causal) {
        (Some(mask), _) => Some(added(mask, q.dtype())?),
        (None, true) if queries > keys => bail!("attention: {queries} queries after each other, but {keys} keys"),
        (None, true) => Some(causal(q, keys, keys - queries)?),
        (None, false) => None,
    };
    attend(q, k, v, &Scores { scale: scale.into(), cap, bias })
}

fn added(mask: &Tensor, dtype: DType) -> Result<Tensor> {
    if mask.dtype().is_float() {
        return mask.to_dtype(dtype);
    }
    let hidden = Tensor::full(f32::NEG_INFINITY, mask.shape(), mask.device())?;
    mask.ne(0f64)?.where_cond(&hidden.zeros_like()?, &hidden.contiguous()?)?.to_dtype(dtype)
}

/// [`candle_nn::attention::flash_attn`], on every device: q (batch, length, heads, features) to (batch, heads, length,
/// features).
///
/// # Errors
/// When the shapes do not fit, and for position biases (`max_bias`), which are not offered here.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::attention::{AttnMask, flash_attn};
///
/// // The first of two tokens looks at itself alone.
/// let x = Tensor::new(&[[[[1f32]], [[3.0]]]], &Device::Cpu)?;
/// let y = flash_attn::<f32>(&x, &x, &x, 1.0, AttnMask::causal(), None, None)?;
/// assert_eq!((y.dims(), y.flatten_all()?.to_vec1::<f32>()?[0]), (&[1, 1, 2, 1][..], 1.0));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn flash_attn<T: WithDType>(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    softmax_scale: f32,
    attn_mask: AttnMask,
    max_bias: Option<f32>,
    softcap: Option<f32>,
) -> Result<Tensor> {
    if max_bias.is_some_and(|bias| bias != 0.0) {
        bail!("flash_attn: a position bias (max_bias) is not offered with a gradient; add it as a mask");
    }
    let [q, k, v] = [q, k, v].map(|t| t.transpose(1, 2));
    let (q, k, v) = (q?, k?, v?);
    let bias = match attn_mask {
        AttnMask::None => None,
        AttnMask::Causal { kv_offset } => Some(causal(&q, k.dim(2)?, kv_offset)?),
        AttnMask::Mask(mask) => Some(mask),
    };
    attend(&q, &k, &v, &Scores { scale: softmax_scale.into(), cap: softcap.unwrap_or(0.0).into(), bias })
}
