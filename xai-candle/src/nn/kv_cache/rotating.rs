//! Caches of a window of tokens.

use candle_core::{Device, Result, Tensor, bail};
use candle_nn::kv_cache as candle;

/// [`candle_nn::kv_cache::RotatingCache`], with the gradient of what is put in first: see [`RotatingKvCache`].
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::kv_cache::RotatingCache;
///
/// let mut cache = RotatingCache::new(0, 3);
/// cache.append(&Tensor::new(&[1f64, 2.0], &Device::Cpu)?)?;
/// let numbers = |t: Option<&Tensor>| t.map(Tensor::to_vec1::<f64>).transpose();
/// assert_eq!(numbers(cache.current_data()?.as_ref())?, Some(vec![1.0, 2.0]));
/// assert_eq!(numbers(cache.all_data().as_ref())?, Some(vec![1.0, 2.0, 0.0]));
/// assert_eq!((cache.dim(), cache.max_seq_len(), cache.current_seq_len(), cache.offset()), (0, 3, 2, 2));
///
/// // Of two more, the second one is put in the place of the first token of all; the first does not look at it yet.
/// assert_eq!(cache.positions(2), [3, 1, 2]);
/// let mask = cache.attn_mask(2, &Device::Cpu)?;
/// assert_eq!(mask.map(|mask| mask.to_vec2::<u8>()).transpose()?, Some(vec![vec![1, 0, 0], vec![0, 0, 0]]));
/// let window = cache.append(&Tensor::new(&[3f64, 4.0], &Device::Cpu)?)?;
/// assert_eq!((window.to_vec1::<f64>()?, cache.offset()), (vec![4.0, 2.0, 3.0], 1));
/// cache.reset();
/// assert!(cache.all_data().is_none());
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RotatingCache(candle::RotatingCache);

impl RotatingCache {
    /// Along an axis, of a window of so many tokens.
    pub fn new(dim: usize, max_seq_len: usize) -> Self {
        RotatingCache(candle::RotatingCache::new(dim, max_seq_len))
    }

    /// Where the next token is written.
    pub fn offset(&self) -> usize {
        self.0.offset()
    }

    /// Along which axis.
    pub fn dim(&self) -> usize {
        self.0.dim()
    }

    /// How many tokens it has seen.
    pub fn current_seq_len(&self) -> usize {
        self.0.current_seq_len()
    }

    /// How many tokens the window has.
    pub fn max_seq_len(&self) -> usize {
        self.0.max_seq_len()
    }

    /// The window, without a gradient, and with zeros where no token was written yet.
    pub fn all_data(&self) -> &Option<Tensor> {
        self.0.all_data()
    }

    /// The window as far as it is written, without a gradient.
    ///
    /// # Errors
    /// candle's own.
    pub fn current_data(&self) -> Result<Option<Tensor>> {
        self.0.current_data()
    }

    /// The window, with this behind what was there before.
    ///
    /// # Errors
    /// When the shapes do not fit, and for what has a gradient in a cache that is not empty.
    pub fn append(&mut self, src: &Tensor) -> Result<Tensor> {
        let before = self.current_seq_len();
        if src.track_op() && before > 0 {
            bail!("RotatingCache holds {before} tokens without their gradient: reset it before explaining");
        }
        let window = self.0.append(&src.detach())?;
        // What an empty cache gives back is what it was given.
        Ok(if src.track_op() { src.clone() } else { window })
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
/// assert_eq!((cache.offset(), cache.positions(1)), (2, vec![0, 1, 2]));
/// // The first of two more does not look at the second one; one by itself looks at all.
/// let mask = cache.attn_mask(2, &Device::Cpu)?;
/// assert_eq!(mask.map(|mask| mask.to_vec2::<u8>()).transpose()?, Some(vec![vec![0, 0, 0, 1], vec![0; 4]]));
/// assert!(cache.attn_mask(1, &Device::Cpu)?.is_none());
///
/// // Keys and values may be put in by themselves.
/// cache.k_cache_mut().append(&token)?;
/// cache.v_cache_mut().append(&token.affine(5.0, 0.0)?)?;
/// assert_eq!((cache.k_cache().current_seq_len(), cache.v_cache().max_seq_len()), (3, 16));
/// let sum = |t: Option<Tensor>| t.map(|t| t.sum_all()?.to_scalar::<f64>()).transpose();
/// assert_eq!((sum(cache.k()?)?, sum(cache.v()?)?), (Some(3.0), Some(7.0)));
/// cache.reset();
/// assert_eq!(cache.current_seq_len(), 0);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RotatingKvCache {
    k: RotatingCache,
    v: RotatingCache,
}

impl RotatingKvCache {
    /// Along an axis, of a window of so many tokens.
    pub fn new(dim: usize, max_seq_len: usize) -> Self {
        RotatingKvCache { k: RotatingCache::new(dim, max_seq_len), v: RotatingCache::new(dim, max_seq_len) }
    }

    /// The keys' own cache.
    pub fn k_cache(&self) -> &RotatingCache {
        &self.k
    }

    /// The values' own cache.
    pub fn v_cache(&self) -> &RotatingCache {
        &self.v
    }

    /// The keys' own cache, to change it.
    pub fn k_cache_mut(&mut self) -> &mut RotatingCache {
        &mut self.k
    }

    /// The values' own cache, to change it.
    pub fn v_cache_mut(&mut self) -> &mut RotatingCache {
        &mut self.v
    }

    /// All keys so far.
    ///
    /// # Errors
    /// candle's own.
    pub fn k(&self) -> Result<Option<Tensor>> {
        self.k.current_data()
    }

    /// All values so far.
    ///
    /// # Errors
    /// candle's own.
    pub fn v(&self) -> Result<Option<Tensor>> {
        self.v.current_data()
    }

    /// The keys and values in the window, with these behind those before.
    ///
    /// # Errors
    /// When the shapes do not fit, and for what has a gradient in a cache that is not empty.
    pub fn append(&mut self, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        Ok((self.k.append(k)?, self.v.append(v)?))
    }

    /// Where the next token is written.
    pub fn offset(&self) -> usize {
        self.k.offset()
    }

    /// How many tokens it has seen.
    pub fn current_seq_len(&self) -> usize {
        self.k.current_seq_len()
    }

    /// The mask for so many more tokens.
    ///
    /// # Errors
    /// candle's own.
    pub fn attn_mask(&self, seq_len: usize, device: &Device) -> Result<Option<Tensor>> {
        self.k.attn_mask(seq_len, device)
    }

    /// The positions in the window, with so many more tokens.
    pub fn positions(&self, seq_len: usize) -> Vec<usize> {
        self.k.positions(seq_len)
    }

    /// Empties it.
    pub fn reset(&mut self) {
        self.k.reset();
        self.v.reset();
    }
}
