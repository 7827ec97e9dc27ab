//! Keys and values of the tokens before, which candle's own caches keep without their gradient.
//!
//! A cache lives on between passes: reset it, or build the model anew, before each explanation.

use candle_core::{Device, Result, Tensor, bail};
use candle_nn::kv_cache as candle;

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

/// [`candle_nn::kv_cache::KvCache`], with the gradient of what is in it.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::kv_cache::KvCache;
///
/// let mut cache = KvCache::new(2, 16);
/// let token = Tensor::new(&[[[[1f64]]]], &Device::Cpu)?;
/// cache.append(&token, &token)?;
/// let (keys, _) = cache.append(&token, &token)?;
/// assert_eq!((keys.dims(), cache.current_seq_len()), (&[1, 1, 2, 1][..], 2));
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KvCache(ConcatKvCache);

impl KvCache {
    /// Along an axis. The length is not reserved: the cache grows.
    pub fn new(dim: usize, _max_seq_len: usize) -> Self {
        KvCache(ConcatKvCache::new(dim))
    }

    /// All keys so far.
    ///
    /// # Errors
    /// None; a result as candle's is.
    pub fn k(&self) -> Result<Option<Tensor>> {
        Ok(self.0.k().cloned())
    }

    /// All values so far.
    ///
    /// # Errors
    /// None; a result as candle's is.
    pub fn v(&self) -> Result<Option<Tensor>> {
        Ok(self.0.v().cloned())
    }

    /// All keys and values, with these behind those before.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn append(&mut self, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        self.0.append(k, v)
    }

    /// How many tokens are in it.
    pub fn current_seq_len(&self) -> usize {
        self.0.current_seq_len()
    }

    /// Empties it.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}

/// [`candle_nn::kv_cache::RotatingKvCache`], with the gradient of what is put in first.
///
/// What comes after that is for generating text: with a gradient it is refused, since the window's older part would be
/// without.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::kv_cache::RotatingKvCache;
///
/// let mut cache = RotatingKvCache::new(2, 16);
/// let token = Tensor::new(&[[[[1f64]]]], &Device::Cpu)?;
/// cache.append(&token, &token)?;
/// let (keys, _) = cache.append(&token, &token)?;
/// assert_eq!((keys.dims(), cache.current_seq_len()), (&[1, 1, 2, 1][..], 2));
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RotatingKvCache(candle::RotatingKvCache);

impl RotatingKvCache {
    /// Along an axis, of a window of so many tokens.
    pub fn new(dim: usize, max_seq_len: usize) -> Self {
        RotatingKvCache(candle::RotatingKvCache::new(dim, max_seq_len))
    }

    /// All keys so far.
    ///
    /// # Errors
    /// candle's own.
    pub fn k(&self) -> Result<Option<Tensor>> {
        self.0.k()
    }

    /// All values so far.
    ///
    /// # Errors
    /// candle's own.
    pub fn v(&self) -> Result<Option<Tensor>> {
        self.0.v()
    }

    /// The keys and values in the window, with these behind those before.
    ///
    /// # Errors
    /// When the shapes do not fit, and for values with a gradient in a cache that is not empty.
    pub fn append(&mut self, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        let tracked = k.track_op() || v.track_op();
        let before = self.current_seq_len();
        if tracked && before > 0 {
            bail!("RotatingKvCache holds {before} tokens without their gradient: reset it before explaining");
        }
        let window = self.0.append(&k.detach(), &v.detach())?;
        // What an empty cache gives back is what it was given.
        Ok(if tracked { (k.clone(), v.clone()) } else { window })
    }

    /// Where the next token is written.
    pub fn offset(&self) -> usize {
        self.0.offset()
    }

    /// How many tokens it has seen.
    pub fn current_seq_len(&self) -> usize {
        self.0.current_seq_len()
    }

    /// The mask for so many more tokens.
    ///
    /// # Errors
    /// candle's own.
    pub fn attn_mask(&self, seq_len: usize, device: &Device) -> Result<Option<Tensor>> {
        self.0.attn_mask(seq_len, device)
    }

    /// The positions in the window, with so many more tokens.
    pub fn positions(&self, seq_len: usize) -> Vec<usize> {
        self.0.positions(seq_len)
    }

    /// Empties it.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}
