//! Layers one after another, owned.

use std::fmt;

use crate::{Backend, Chain, Differentiable, Error, Layer, Pullback, Result, Split, Tensor};

/// A layer of any type, owned.
pub(super) type AnyLayer<B> = Box<dyn Layer<B> + Send>;

/// Layers one after another, each with a name for messages: its number unless it is given one.
///
/// It is a layer, and a model of its own too. No layer at all is the identity.
///
/// ```
/// use ndarray::array;
/// use xai_core::nn::{Activation, Flatten, MaxPool2d, Sequential};
/// use xai_core::{Analyzer, Gradient, Index, NdArray};
///
/// let model = Sequential::<NdArray<f64>>::new()
///     .push(Activation::Relu)
///     .push_named("pool", MaxPool2d::new(2))
///     .push(Flatten::default());
/// let why = Gradient.analyze(&model, &array![[[[1.0, -2.0], [3.0, 2.0]]]], Index(0))?;
/// assert_eq!(why.values, array![[[[0.0, 0.0], [1.0, 0.0]]]]);
/// # Ok::<(), xai_core::Error>(())
/// ```
pub struct Sequential<B: Backend>(Vec<(String, AnyLayer<B>)>);

impl<B: Backend> Sequential<B> {
    /// No layers yet.
    pub fn new() -> Self {
        Sequential(Vec::new())
    }

    /// Adds a layer at the end, named by its number.
    #[must_use]
    pub fn push(self, layer: impl Layer<B> + Send + 'static) -> Self {
        let name = self.0.len().to_string();
        self.push_named(name, layer)
    }

    /// Adds a layer at the end, with a name.
    #[must_use]
    pub fn push_named(mut self, name: impl Into<String>, layer: impl Layer<B> + Send + 'static) -> Self {
        self.0.push((name.into(), Box::new(layer)));
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

    /// The same layers as a model of two parts, split behind the (first) layer of this name: Grad-CAM, or any other
    /// analyzer, at a layer that is chosen at run time.
    ///
    /// ```
    /// use ndarray::array;
    /// use xai_core::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai_core::{Analyzer, GradCam, Index, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("stem", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// let map = GradCam.analyze(&net.split_after("stem")?, &array![[[[1.0, -2.0], [3.0, 4.0]]]], Index(0))?;
    /// assert_eq!(map.values, array![[[[0.25, 0.0], [0.75, 1.0]]]]);
    /// # Ok::<(), xai_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when no layer has this name.
    pub fn split_after(&self, layer: &str) -> Result<Split<Chain<'_, B>, Chain<'_, B>>> {
        let place = self.names().position(|name| name == layer).ok_or_else(|| Error::InvalidParameter {
            name: "layer",
            value: layer.to_owned(),
            reason: format!("the layers are {}", self.names().collect::<Vec<_>>().join(", ")),
        })?;
        let (features, adaptation) = self.0.split_at(place + 1);
        // A part without weights does not know where the network lives.
        let placed = |layers| chain(layers).placed(Layer::placement(self));
        Ok(Split::new(placed(features), placed(adaptation)))
    }

    fn chain(&self) -> Chain<'_, B> {
        chain(&self.0)
    }
}

fn chain<B: Backend>(layers: &[(String, AnyLayer<B>)]) -> Chain<'_, B> {
    layers.iter().fold(Chain::new(), |chain, (name, layer)| chain.borrowed(vec![name.as_str()], layer.as_ref()))
}

impl<B: Backend> Default for Sequential<B> {
    fn default() -> Self {
        Sequential::new()
    }
}

impl<B: Backend> fmt::Debug for Sequential<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sequential ")?;
        self.chain().fmt(f)
    }
}

impl<B: Backend> Layer<B> for Sequential<B> {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        Layer::forward(&self.chain(), x)
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        Box::new(self.chain()).into_vjp(x)
    }
    fn placement(&self) -> Option<B::Placement> {
        self.0.iter().find_map(|(_, layer)| layer.placement())
    }
    fn is_affine(&self) -> bool {
        self.0.iter().all(|(_, layer)| layer.is_affine())
    }
    fn layers(&self) -> Option<Chain<'_, B>> {
        Some(self.chain())
    }
    fn is_recorded(&self) -> bool {
        self.0.iter().all(|(_, layer)| layer.is_recorded())
    }
}

impl<B: Backend> Differentiable for Sequential<B> {
    type Backend = B;
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        Layer::forward(self, x)
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        Layer::vjp(self, x)
    }
    fn placement(&self) -> B::Placement {
        Layer::placement(self).unwrap_or_default()
    }
    fn layers(&self) -> Option<Chain<'_, B>> {
        Some(self.chain())
    }
}
