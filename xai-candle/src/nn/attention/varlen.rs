//! Attention of sentences that lie behind each other, by products and softmax.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Tensor};
//! use xai::candle::nn::attention::varlen::flash_attn_varlen_unfused;
//!
//! // Two sentences of one token, which has nothing but itself to look at.
//! let x = Tensor::new(&[[[5f32]], [[7.0]]], &Device::Cpu)?;
//! let lengths = Tensor::new(&[1u32, 1], &Device::Cpu)?;
//! let y = flash_attn_varlen_unfused(&x, &x, &x, None, &lengths, &lengths, 1, 1, 1.0, false, None, None)?;
//! assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [5.0, 7.0]);
//! # Ok::<(), candle_core::Error>(())
//! ```

use candle_core::{Result, Tensor, bail};

use candle_nn::attention::AttnMask;

use super::products::flash_attn;

/// [`candle_nn::attention::flash_attn_varlen_unfused`], on every device: q (all queries, heads, features), k and v (all
/// keys, heads or a divisor, features), with each sentence's number of queries and keys, to (all queries, heads,
/// features).
///
/// A query looks at keys no further than the window to its left and right; `causal` hides those behind it. Queries are
/// the last ones of their sentence's keys.
///
/// # Errors
/// When the shapes do not fit, when a query looks at no key (more queries than keys, and `causal` or a window), and for
/// `alibi_slopes`, which are not offered here.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::attention::flash_attn_varlen_unfused;
///
/// // A sentence of one token, and one of two, the first of which looks at itself alone.
/// let x = Tensor::new(&[[[5f32]], [[1.0]], [[3.0]]], &Device::Cpu)?;
/// let lengths = Tensor::new(&[1u32, 2], &Device::Cpu)?;
/// let y = flash_attn_varlen_unfused(&x, &x, &x, None, &lengths, &lengths, 2, 2, 1.0, true, None, None)?;
/// assert_eq!(y.narrow(0, 0, 2)?.flatten_all()?.to_vec1::<f32>()?, [5.0, 1.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[allow(clippy::too_many_arguments)] // candle's
pub fn flash_attn_varlen_unfused(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    alibi_slopes: Option<&Tensor>,
    seqlens_q: &Tensor,
    seqlens_k: &Tensor,
    _max_seqlen_q: usize,
    _max_seqlen_k: usize,
    softmax_scale: f32,
    causal: bool,
    window_size_left: Option<usize>,
    window_size_right: Option<usize>,
) -> Result<Tensor> {
    if alibi_slopes.is_some() {
        bail!("flash_attn_varlen: alibi_slopes are not offered with a gradient; add the bias as a mask to flash_attn");
    }
    let lengths = |t: &Tensor| t.to_vec1::<u32>().map(|all| all.into_iter().map(|n| n as usize).collect::<Vec<_>>());
    let (queries, keys) = (lengths(seqlens_q)?, lengths(seqlens_k)?);
    if queries.len() != keys.len() {
        bail!("flash_attn_varlen: {} sentences of queries, and {} of keys", queries.len(), keys.len());
    }
    let (mut from_q, mut from_k, mut all) = (0, 0, Vec::new());
    for (queries, keys) in queries.into_iter().zip(keys) {
        let part = |t: &Tensor, from: usize, len: usize| t.narrow(0, from, len)?.unsqueeze(0);
        let own = (part(q, from_q, queries)?, part(k, from_k, keys)?, part(v, from_k, keys)?);
        (from_q, from_k) = (from_q + queries, from_k + keys);
        if queries == 0 || keys == 0 {
            continue;
        }
        let mask = mask((queries, keys), causal, (window_size_left, window_size_right), q)?;
        let y = flash_attn::<f32>(&own.0, &own.1, &own.2, softmax_scale, AttnMask::Mask(mask), None, None)?;
        all.push(y.squeeze(0)?.transpose(0, 1)?);
    }
    match all.is_empty() {
        true => Tensor::zeros((0, q.dim(1)?, q.dim(2)?), q.dtype(), q.device()),
        false => Tensor::cat(&all, 0),
    }
}

/// -∞ where a query does not look at a key.
fn mask(
    (queries, keys): (usize, usize),
    causal: bool,
    window: (Option<usize>, Option<usize>),
    like: &Tensor,
) -> Result<Tensor> {
    let (left, right) = match window {
        (None, Some(_)) => bail!("flash_attn_varlen: a window to the right needs one to the left"),
        // As candle has it, a window to the left alone ends at the query.
        (Some(left), right) => (Some(left), Some(right.unwrap_or(0))),
        (None, None) => (None, None),
    };
    let hidden = |n: usize| {
        // A query's own place is counted from the end.
        let (key, query) = (n % keys + queries, n / keys + keys);
        let (before, behind) = (query.saturating_sub(key), key.saturating_sub(query));
        causal && behind > 0 || left.is_some_and(|left| before > left) || right.is_some_and(|right| behind > right)
    };
    // Its softmax would be of nothing.
    if let Some(query) = (0..queries).find(|query| (0..keys).all(|key| hidden(query * keys + key))) {
        bail!("flash_attn_varlen: of {queries} queries and {keys} keys, query {query} looks at no key");
    }
    let value = |n: usize| if hidden(n) { f32::NEG_INFINITY } else { 0.0 };
    Tensor::from_iter((0..queries * keys).map(value), like.device())?.reshape((queries, keys))?.to_dtype(like.dtype())
}

/// As [`flash_attn_varlen_unfused`]: here both are one.
pub use self::flash_attn_varlen_unfused as flash_attn_varlen_cpu;
