//! The same network with other weights.

use super::{Graph, Step};
use crate::{Backend, Error, Result, Weight};

impl<B: Backend> Graph<'_, B> {
    /// The same graph with other weights of the same shapes: `bring` is given the names that lead to each, joined by
    /// dots, and the weight, in the order in which they are computed with.
    ///
    /// Weights inside of code that nobody can look into stay as they are.
    ///
    /// # Errors
    /// Those of `bring`, and [`Error::Shape`] for a weight of another shape.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[vec![1, 2]], |x| x[0].within("scaled", || Ok(&x[0] * x[0].constant(weight))))?;
    /// let graph = graph.with_weights(|path, weight| match path {
    ///     "scaled" => Ok(weight.tensor().scale(10.0)?.into()),
    ///     _ => Ok(weight.clone()),
    /// })?;
    /// let x = Tensor::upload(array![[3.0, 5.0]].view().into_dyn(), &())?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[30.0, 100.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn with_weights(mut self, mut bring: impl FnMut(&str, &Weight<B>) -> Result<Weight<B>>) -> Result<Self> {
        for i in 0..self.nodes.len() {
            let path = self.names.path(self.nodes[i].scope);
            let mut other = |weight: &Weight<B>| {
                let other = bring(&path, weight)?;
                Error::check_shape("another weight", weight.shape(), other.shape())?;
                Ok(other)
            };
            let step = match &self.nodes[i].step {
                Step::Op(op) if !op.weights().is_empty() => op.with_weights(&mut other).map(Step::Op),
                Step::Constant(weight) => other(weight).map(Step::Constant),
                _ => continue,
            };
            self.nodes[i].step = step.map_err(|error| self.blame(i, error))?;
        }
        Ok(self)
    }
}
