//! Caches that grow.

use candle_core::{Result, Tensor};

/// [`candle_nn::kv_cache::Cache`], with the gradient of what is in it.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::kv_cache::Cache;
///
/// let mut cache = Cache::new(0, 2);
/// cache.append(&Tensor::new(&[1f64, 2.0], &Device::Cpu)?)?;
/// cache.append(&Tensor::new(&[3f64], &Device::Cpu)?)?;
/// assert_eq!(cache.current_data()?.map(|all| all.to_vec1()).transpose()?, Some(vec![1f64, 2.0, 3.0]));
/// // candle's would have room for 4 by now; here nothing is reserved.
/// assert_eq!((cache.dim(), cache.current_seq_len(), cache.max_seq_len()), (0, 3, 4));
/// assert_eq!(cache.all_data().as_ref().map(Tensor::dims), Some(&[3][..]));
/// cache.reset();
/// assert!(cache.all_data().is_none());
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cache {
    dim: usize,
    grow_by: usize,
    max_seq_len: usize,
    kept: Option<Tensor>,
}

impl Cache {
    /// Along an axis. The length is not reserved: the cache grows.
    pub fn new(dim: usize, max_seq_len: usize) -> Self {
        Cache { dim, grow_by: max_seq_len, max_seq_len, kept: None }
    }

    /// Along which axis.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many tokens are in it.
    pub fn current_seq_len(&self) -> usize {
        self.kept.as_ref().and_then(|kept| kept.dims().get(self.dim).copied()).unwrap_or(0)
    }

    /// How many tokens candle's would have room for: the length that was asked for, or a multiple that holds them.
    pub fn max_seq_len(&self) -> usize {
        self.max_seq_len
    }

    /// What is in it: here nothing is reserved behind the tokens.
    pub fn all_data(&self) -> &Option<Tensor> {
        &self.kept
    }

    /// What is in it.
    ///
    /// # Errors
    /// None; a result as candle's is.
    pub fn current_data(&self) -> Result<Option<Tensor>> {
        Ok(self.kept.clone())
    }

    /// Empties it.
    pub fn reset(&mut self) {
        self.kept = None;
    }

    /// Puts this behind what is in it.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn append(&mut self, src: &Tensor) -> Result<()> {
        self.kept = Some(match &self.kept {
            None => src.contiguous()?,
            Some(kept) => Tensor::cat(&[kept, src], self.dim)?,
        });
        let wanted = self.current_seq_len();
        if wanted > self.max_seq_len && self.grow_by > 0 {
            self.max_seq_len += (wanted - self.max_seq_len).div_ceil(self.grow_by) * self.grow_by;
        }
        Ok(())
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
/// assert_eq!((cache.k_cache().dim(), cache.v_cache().max_seq_len()), (2, 16));
///
/// // Keys and values may be put in by themselves.
/// cache.k_cache_mut().append(&token)?;
/// cache.v_cache_mut().append(&token.affine(5.0, 0.0)?)?;
/// let sum = |t: Option<Tensor>| t.map(|t| t.sum_all()?.to_scalar::<f64>()).transpose();
/// assert_eq!((sum(cache.k()?)?, sum(cache.v()?)?), (Some(3.0), Some(7.0)));
/// cache.reset();
/// assert_eq!(cache.current_seq_len(), 0);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KvCache {
    k: Cache,
    v: Cache,
}

impl KvCache {
    /// Along an axis. The length is not reserved: the cache grows.
    pub fn new(dim: usize, max_seq_len: usize) -> Self {
        KvCache { k: Cache::new(dim, max_seq_len), v: Cache::new(dim, max_seq_len) }
    }

    /// The keys' own cache.
    pub fn k_cache(&self) -> &Cache {
        &self.k
    }

    /// The values' own cache.
    pub fn v_cache(&self) -> &Cache {
        &self.v
    }

    /// The keys' own cache, to change it.
    pub fn k_cache_mut(&mut self) -> &mut Cache {
        &mut self.k
    }

    /// The values' own cache, to change it.
    pub fn v_cache_mut(&mut self) -> &mut Cache {
        &mut self.v
    }

    /// All keys so far.
    ///
    /// # Errors
    /// None; a result as candle's is.
    pub fn k(&self) -> Result<Option<Tensor>> {
        self.k.current_data()
    }

    /// All values so far.
    ///
    /// # Errors
    /// None; a result as candle's is.
    pub fn v(&self) -> Result<Option<Tensor>> {
        self.v.current_data()
    }

    /// All keys and values, with these behind those before.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn append(&mut self, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        self.k.append(k)?;
        self.v.append(v)?;
        let all = |cache: &Cache, own: &Tensor| cache.kept.clone().unwrap_or_else(|| own.clone());
        Ok((all(&self.k, k), all(&self.v, v)))
    }

    /// How many tokens are in it.
    pub fn current_seq_len(&self) -> usize {
        self.k.current_seq_len()
    }

    /// Empties it.
    pub fn reset(&mut self) {
        self.k.reset();
        self.v.reset();
    }
}
