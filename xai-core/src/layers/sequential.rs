//! Layers one after another, owned.

use std::fmt;

use super::nested::{AnyLayer, depth_around, owned};
use crate::{Backend, Layer, Result, Var};

/// Layers one after another, each with a name: its number unless it is given one.
///
/// It is a layer, and a model of its own too. No layer at all is the identity. Threads can share it, on any backend, so
/// that layers have to be `Send` and `Sync`: those of `nn` are, and candle's. tch's layers are not, for they hold
/// libtorch's handles as they are: they go into a derived struct, or into tch's own `nn::seq`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Flatten, MaxPool2d, Sequential};
/// use xai::{Analyzer, GradCam, Gradient, Index, NdArray};
///
/// let model = Sequential::<NdArray<f64>>::new()
///     .push_named("stem", Activation::Relu)
///     .push_named("pool", MaxPool2d::new(2))
///     .push(Flatten::default());
/// let image = array![[[[1.0, -2.0], [3.0, 2.0]]]];
/// let why = Gradient.analyze(&model, &image, Index(0))?;
/// assert_eq!(why.values, array![[[[0.0, 0.0], [1.0, 0.0]]]]);
///
/// let map = GradCam::at("stem").analyze(&model, &image, Index(0))?;
/// assert_eq!(map.values, array![[[[0.25, 0.0], [0.75, 0.5]]]]);
///
/// assert_eq!((model.len(), model.is_empty()), (3, false));
/// assert_eq!(model.names().collect::<Vec<_>>(), ["stem", "pool", "2"]);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Sequential<B: Backend>(Vec<(String, AnyLayer<B>)>);

impl<B: Backend> Sequential<B> {
    /// No layers yet.
    pub fn new() -> Self {
        Sequential(Vec::new())
    }

    /// Adds a layer at the end, named by its number.
    #[must_use]
    pub fn push(self, layer: impl Layer<B> + Send + Sync + 'static) -> Self {
        let name = self.0.len().to_string();
        self.push_named(name, layer)
    }

    /// Adds a layer at the end, with a name.
    #[must_use]
    pub fn push_named(mut self, name: impl Into<String>, layer: impl Layer<B> + Send + Sync + 'static) -> Self {
        self.0.push((name.into(), owned(layer)));
        self
    }

    /// The number of layers.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is no layer.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The layers' names, first to last.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl<B: Backend> Default for Sequential<B> {
    fn default() -> Self {
        Sequential::new()
    }
}

impl<B: Backend> fmt::Debug for Sequential<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sequential ")?;
        f.debug_list().entries(self.names()).finish()
    }
}

impl<B: Backend> Layer<B> for Sequential<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        self.0.iter().try_fold(x, |x, (name, layer)| x.layer(name, layer))
    }
    fn depth(&self) -> usize {
        depth_around(self.0.iter().map(|(_, layer)| layer))
    }
}
