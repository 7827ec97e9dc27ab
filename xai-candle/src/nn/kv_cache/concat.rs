//! Keys and values, one behind the other.

use candle_core::{Result, Tensor};

/// [`candle_nn::kv_cache::ConcatKvCache`], with the gradient of what is in it.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::kv_cache::ConcatKvCache;
///
/// let mut cache = ConcatKvCache::new(2);
/// let token = Tensor::new(&[[[[1f64]]]], &Device::Cpu)?;
/// cache.append(&token, &token)?;
/// let (keys, _) = cache.append(&token, &token)?;
/// assert_eq!((keys.dims(), cache.current_seq_len()), (&[1, 1, 2, 1][..], 2));
/// assert_eq!((cache.dim(), cache.k().map(Tensor::dims)), (2, Some(&[1, 1, 2, 1][..])));
///
/// // What is in it may be changed.
/// if let Some(k) = cache.k_mut() {
///     *k = k.zeros_like()?;
/// }
/// if let Some(v) = cache.v_mut() {
///     *v = v.affine(3.0, 0.0)?;
/// }
/// let sum = |t: Option<&Tensor>| t.map(|t| t.sum_all()?.to_scalar::<f64>()).transpose();
/// assert_eq!((sum(cache.k())?, sum(cache.v())?), (Some(0.0), Some(6.0)));
/// assert!(cache.clone().into_inner().is_some() && !cache.is_empty());
/// cache.reset();
/// assert!(cache.into_inner().is_none());
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConcatKvCache {
    dim: usize,
    kept: Option<(Tensor, Tensor)>,
}

impl ConcatKvCache {
    /// Along an axis.
    pub fn new(dim: usize) -> Self {
        ConcatKvCache { dim, kept: None }
    }

    /// Along which axis.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// All keys so far.
    pub fn k(&self) -> Option<&Tensor> {
        self.kept.as_ref().map(|(k, _)| k)
    }

    /// All values so far.
    pub fn v(&self) -> Option<&Tensor> {
        self.kept.as_ref().map(|(_, v)| v)
    }

    /// All keys so far, to change them.
    pub fn k_mut(&mut self) -> Option<&mut Tensor> {
        self.kept.as_mut().map(|(k, _)| k)
    }

    /// All values so far, to change them.
    pub fn v_mut(&mut self) -> Option<&mut Tensor> {
        self.kept.as_mut().map(|(_, v)| v)
    }

    /// All keys and values so far.
    pub fn into_inner(self) -> Option<(Tensor, Tensor)> {
        self.kept
    }

    /// All keys and values, with these behind those before.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn append(&mut self, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        let all = match &self.kept {
            None => (k.contiguous()?, v.contiguous()?),
            Some((keys, values)) => (Tensor::cat(&[keys, k], self.dim)?, Tensor::cat(&[values, v], self.dim)?),
        };
        self.kept = Some(all.clone());
        Ok(all)
    }

    /// How many tokens are in it.
    pub fn current_seq_len(&self) -> usize {
        self.k().and_then(|k| k.dims().get(self.dim).copied()).unwrap_or(0)
    }

    /// True before the first token.
    pub fn is_empty(&self) -> bool {
        self.kept.is_none()
    }

    /// Empties it.
    pub fn reset(&mut self) {
        self.kept = None;
    }
}
