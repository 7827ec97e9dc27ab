//! Keys and values side by side.

use candle_core::{Result, Tensor};

/// [`candle_nn::kv_cache::InterleavedKvCache`], with the gradient of what is in it: (length, heads, 2 · features), each
/// token's keys in front of its values.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::kv_cache::InterleavedKvCache;
///
/// let mut cache = InterleavedKvCache::new(1);
/// let (k, v) = (Tensor::new(&[[[[1f64]]]], &Device::Cpu)?, Tensor::new(&[[[[2f64]]]], &Device::Cpu)?);
/// cache.append(&k, &v)?;
/// assert_eq!(cache.append(&v, &k)?.flatten_all()?.to_vec1::<f64>()?, [1.0, 2.0, 2.0, 1.0]);
/// assert_eq!((cache.head_dim(), cache.current_seq_len()), (1, 2));
/// assert_eq!(cache.kv().map(Tensor::dims), Some(&[2, 1, 2][..]));
/// cache.reset();
/// assert!(cache.is_empty());
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct InterleavedKvCache {
    kept: Option<Tensor>,
    head_dim: usize,
}

impl InterleavedKvCache {
    /// Of heads of so many features.
    pub fn new(head_dim: usize) -> Self {
        InterleavedKvCache { kept: None, head_dim }
    }

    /// How many tokens are in it.
    pub fn current_seq_len(&self) -> usize {
        self.kept.as_ref().and_then(|kept| kept.dims().first().copied()).unwrap_or(0)
    }

    /// True before the first token.
    pub fn is_empty(&self) -> bool {
        self.kept.is_none()
    }

    /// All keys and values, with these, (1, heads, length, features), behind those before.
    ///
    /// # Errors
    /// When the shapes do not fit, and for a batch.
    pub fn append(&mut self, k: &Tensor, v: &Tensor) -> Result<Tensor> {
        let rows = |t: &Tensor| t.squeeze(0)?.transpose(0, 1)?.contiguous();
        let new = Tensor::cat(&[rows(k)?, rows(v)?], 2)?;
        let all = match &self.kept {
            None => new,
            Some(kept) => Tensor::cat(&[kept, &new], 0)?,
        };
        self.kept = Some(all.clone());
        Ok(all)
    }

    /// All keys and values so far.
    pub fn kv(&self) -> Option<&Tensor> {
        self.kept.as_ref()
    }

    /// How many features a head has.
    pub fn head_dim(&self) -> usize {
        self.head_dim
    }

    /// Empties it.
    pub fn reset(&mut self) {
        self.kept = None;
    }
}
