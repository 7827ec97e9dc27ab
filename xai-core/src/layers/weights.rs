//! Weights by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{ArrayD, ArrayViewD};

use super::spelling;
use crate::{Backend, Error, Result, Tensor, Weight};

/// A network's weights by name, as a checkpoint has them: where layers are loaded from.
///
/// The numbers stay on the host, and each tensor that is asked for is brought to the placement. [`at`](Weights::at)
/// goes down to the part under a prefix. When the network is built, [`unused`](Weights::unused) lists what nobody asked
/// for: a network that does not fit its checkpoint.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArrayD, IxDyn};
/// use xai::NdArray;
/// use xai::nn::{Linear, Weights};
///
/// let checkpoint = vec![
///     ("head.weight", ArrayD::<f32>::ones(IxDyn(&[10, 4]))),
///     ("head.bias", ArrayD::zeros(IxDyn(&[10]))),
///     ("old.weight", ArrayD::zeros(IxDyn(&[1]))),
/// ];
/// let weights = Weights::<NdArray>::new(checkpoint, ())?;
/// let head = Linear::load(&weights.at("head"))?;
/// assert_eq!(head.output_shape(&[1, 4])?, [1, 10]);
/// assert_eq!(weights.unused(), ["old.weight"]);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Weights<B: Backend> {
    checkpoint: Arc<Checkpoint<B>>,
    placement: B::Placement,
    prefix: String,
}

struct Checkpoint<B: Backend> {
    arrays: BTreeMap<String, ArrayD<B::Elem>>,
    used: Mutex<BTreeSet<String>>,
}

impl<B: Backend> Weights<B> {
    /// Weights by their full names, and where the network's tensors shall live.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when a name comes twice.
    pub fn new<N: Into<String>>(
        tensors: impl IntoIterator<Item = (N, ArrayD<B::Elem>)>,
        placement: impl Into<B::Placement>,
    ) -> Result<Self> {
        let mut arrays = BTreeMap::new();
        for (name, array) in tensors {
            let name = name.into();
            if arrays.contains_key(&name) {
                let reason = "two tensors have this name: give each name once".into();
                return Err(Error::InvalidParameter { name: "weight", value: name, reason });
            }
            arrays.insert(name, array);
        }
        let checkpoint = Checkpoint { arrays, used: Mutex::default() };
        Ok(Weights { checkpoint: Arc::new(checkpoint), placement: placement.into(), prefix: String::new() })
    }

    /// The weights whose names begin with this prefix and a dot; names are then given without it.
    ///
    /// `weights.at("layer1").at(0)` is where `layer1.0.weight` is the `weight`.
    #[must_use]
    pub fn at(&self, prefix: impl fmt::Display) -> Self {
        let (checkpoint, placement) = (Arc::clone(&self.checkpoint), self.placement.clone());
        Weights { checkpoint, placement, prefix: self.full(&prefix.to_string()) }
    }

    /// Where this part of the weights begins; empty for the whole.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Where tensors are brought.
    pub fn placement(&self) -> &B::Placement {
        &self.placement
    }

    /// True when there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.checkpoint.arrays.contains_key(&self.full(name))
    }

    /// The full names of this part, in alphabetical order.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::NdArray;
    /// use xai::nn::Weights;
    ///
    /// let checkpoint = [("block.scale", array![2.0].into_dyn()), ("block.shift", array![1.0, 3.0].into_dyn())];
    /// let weights = Weights::<NdArray<f64>>::new(checkpoint, ())?;
    /// let block = weights.at("block");
    /// assert_eq!((block.prefix(), block.placement()), ("block", &()));
    /// assert_eq!(block.names().collect::<Vec<_>>(), ["block.scale", "block.shift"]);
    /// assert!(block.has("scale") && !block.has("bias"));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.checkpoint.arrays.keys().map(String::as_str).filter(|name| self.holds(name))
    }

    /// The full names in this part that nothing has asked for so far, in alphabetical order.
    pub fn unused(&self) -> Vec<&str> {
        let used = self.checkpoint.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.names().filter(|&name| !used.contains(name)).collect()
    }

    /// The numbers of a tensor, on the host.
    ///
    /// # Errors
    /// [`Error::MissingWeight`], which names the most similar tensors that there are.
    pub fn array(&self, name: &str) -> Result<ArrayViewD<'_, B::Elem>> {
        self.find_array(name).ok_or_else(|| {
            let name = self.full(name);
            let similar = spelling::most_similar(&name, self.checkpoint.arrays.keys());
            Error::MissingWeight { name, similar }
        })
    }

    /// The numbers of a tensor, on the host, if there is one of this name.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::NdArray;
    /// use xai::nn::Weights;
    ///
    /// let checkpoint = [("block.scale", array![2.0].into_dyn()), ("block.shift", array![1.0, 3.0].into_dyn())];
    /// let weights = Weights::<NdArray<f64>>::new(checkpoint, ())?;
    /// let block = weights.at("block");
    /// assert_eq!(block.array("scale")?, array![2.0].into_dyn());
    /// assert!(block.find_array("bias").is_none() && block.array("bias").is_err());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn find_array(&self, name: &str) -> Option<ArrayViewD<'_, B::Elem>> {
        let (name, array) = self.checkpoint.arrays.get_key_value(&self.full(name))?;
        self.checkpoint.used.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        Some(array.view())
    }

    /// A tensor, brought to the placement.
    ///
    /// # Errors
    /// [`Error::MissingWeight`], which names the most similar tensors that there are, and the framework's own.
    pub fn get(&self, name: &str) -> Result<Tensor<B>> {
        Tensor::upload(self.array(name)?, &self.placement)
    }

    /// As [`get`](Weights::get), the network's own.
    pub(super) fn weight(&self, name: &str) -> Result<Weight<B>> {
        Weight::upload(self.array(name)?, &self.placement)
    }

    /// A tensor of a given shape, brought to the placement.
    ///
    /// # Errors
    /// As [`get`](Weights::get), and [`Error::Shape`] when it has another shape.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::NdArray;
    /// use xai::nn::Weights;
    ///
    /// let checkpoint = [("block.scale", array![2.0].into_dyn()), ("block.shift", array![1.0, 3.0].into_dyn())];
    /// let weights = Weights::<NdArray<f64>>::new(checkpoint, ())?;
    /// // The scale of so many channels, and a shift if there is one.
    /// let block = weights.at("block");
    /// let channels = block.get("scale")?.shape();
    /// assert!(block.get_shaped("shift", &channels).is_err());
    /// assert_eq!(block.find("shift")?.map(|shift| shift.shape()), Some(vec![2]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn get_shaped(&self, name: &str, shape: &[usize]) -> Result<Tensor<B>> {
        let array = self.array(name)?;
        Error::check_shape(&format!("weight `{}`", self.full(name)), shape, array.shape())?;
        Tensor::upload(array, &self.placement)
    }

    /// A tensor, brought to the placement, if there is one of this name.
    ///
    /// # Errors
    /// The framework's own.
    pub fn find(&self, name: &str) -> Result<Option<Tensor<B>>> {
        self.find_array(name).map(|array| Tensor::upload(array, &self.placement)).transpose()
    }

    /// Says where in the checkpoint a layer did not fit.
    pub(super) fn located(&self, error: Error) -> Error {
        match error {
            Error::MissingWeight { .. } => error,
            _ if self.prefix.is_empty() => error,
            _ => error.in_layer(&self.prefix),
        }
    }

    fn full(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }

    fn holds(&self, name: &str) -> bool {
        self.prefix.is_empty() || name.strip_prefix(self.prefix.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }
}

impl<B: Backend> Clone for Weights<B> {
    /// The same weights: what one handle uses, the other has used.
    fn clone(&self) -> Self {
        Weights {
            checkpoint: Arc::clone(&self.checkpoint),
            placement: self.placement.clone(),
            prefix: self.prefix.clone(),
        }
    }
}

impl<B: Backend> fmt::Debug for Weights<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weights")
            .field("prefix", &self.prefix)
            .field("placement", &self.placement)
            .field("tensors", &self.names().count())
            .finish()
    }
}
