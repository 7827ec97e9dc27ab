//! Passes that give out values from inside a graph.

use std::rc::Rc;

use super::values::Values;
use super::{Graph, Value};
use crate::{Backend, Pullback, Result, Tensor};

/// What a pass gives out: the output, and the values that are kept.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Differentiable, NdArray, Tensor};
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("a", Activation::Relu).push(Activation::Tanh);
/// let graph = net.graph(&[vec![1, 2]])?;
/// let at = graph.place("a")?;
/// let x = Tensor::upload(array![[-1.0, 2.0]].view().into_dyn(), &())?;
/// let kept = graph.keeping(&[at]).forward_kept(&[x])?;
/// assert_eq!(kept.values[0].download()?, array![[0.0, 2.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Kept<B: Backend> {
    /// The output.
    pub output: Tensor<B>,
    /// The values that are kept, in the order in which they were named.
    pub values: Vec<Tensor<B>>,
}

impl<'m, B: Backend> Graph<'m, B> {
    /// The same graph, whose passes also give out these values: of one forward pass, and of one way back.
    ///
    /// A value is any, also one that the graph cannot be cut at.
    #[must_use]
    pub fn keeping(&self, values: &[Value]) -> Self {
        let (names, placement) = (Rc::clone(&self.names), self.placement());
        let (nodes, places) = (self.nodes.clone(), self.places.clone());
        Graph::that_keeps(values.to_vec(), nodes, self.inputs, self.output, names, places, placement)
    }

    /// The output and the values that are kept, without a tape.
    ///
    /// # Errors
    /// As [`forward`](Graph::forward).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// let graph = Graph::<NdArray<f64>>::trace(&[vec![1, 2]], |x| {
    ///     let relu = x[0].within("relu", || Ok(x[0].relu()))?;
    ///     Ok(x[0].within("sum", || Ok(&x[0] + relu))? * 10.0)
    /// })?;
    /// let graph = graph.keeping(&[graph.place("relu")?, graph.place("sum")?]);
    /// let x = Tensor::upload(array![[2.0, -1.0]].view().into_dyn(), &())?;
    /// let kept = graph.forward_kept(&[x])?;
    /// assert_eq!(kept.values[0].download()?, array![[2.0, 0.0]].into_dyn());
    /// assert_eq!(kept.values[1].download()?, array![[4.0, -1.0]].into_dyn());
    /// assert_eq!(kept.output.download()?, array![[40.0, -10.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn forward_kept(&self, inputs: &[Tensor<B>]) -> Result<Kept<B>> {
        let mut values = Values::of_inputs(self, inputs)?;
        self.run(self.inputs..self.nodes.len(), &mut values, false)?;
        self.give_out(&mut values)
    }

    /// Refuses, before any pass, what the way back to the values that are kept cannot pass.
    ///
    /// # Errors
    /// As [`check`](Graph::check).
    pub fn check_kept(&self) -> Result<()> {
        self.check_way(&self.way_to_kept())
    }

    /// The output and the values that are kept, and the way back to each of these: the gradient of the output with
    /// respect to the value by all ways that lead on from it, through other values that are kept too.
    ///
    /// What none of them reaches runs forward, without a tape. A value that the output does not depend on gets none.
    ///
    /// # Errors
    /// As [`vjp`](Graph::vjp).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // y = 3 · relu(x) + x, of which the way past the relu does not count.
    /// let graph = Graph::<NdArray<f64>>::trace(&[vec![1, 2]], |x| {
    ///     let relu = x[0].within("relu", || Ok(x[0].relu()))?;
    ///     Ok(relu * 3.0 + &x[0])
    /// })?;
    /// let graph = graph.keeping(&[graph.place("relu")?]);
    /// graph.check_kept()?;
    /// let x = Tensor::upload(array![[2.0, -1.0]].view().into_dyn(), &())?;
    /// let (kept, pullback) = graph.vjp_kept(&[x])?;
    /// assert_eq!(kept.values[0].download()?, array![[2.0, 0.0]].into_dyn());
    /// let ones = Tensor::upload(array![[1.0, 1.0]].view().into_dyn(), &())?;
    /// assert_eq!(pullback.pull(&ones)?.download()?, array![[3.0, 3.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn vjp_kept(&self, inputs: &[Tensor<B>]) -> Result<(Kept<B>, Pullback<'m, B>)> {
        let way = self.way_to_kept();
        let mut values = Values::of_inputs(self, inputs)?;
        let (backs, touches) = self.run_back(&way, &mut values)?;
        let kept = self.give_out(&mut values)?;
        let ends = self.kept.iter().copied().map(Some).collect();
        let pullback = self.pullback(backs, touches, kept.output.shape(), ends);
        Ok((kept, pullback))
    }

    /// Refuses a value that something bypasses.
    ///
    /// # Errors
    /// [`BypassedPlace`](crate::Error::BypassedPlace).
    pub fn check_cut(&self, at: Value) -> Result<()> {
        if self.is_cut(at) { Ok(()) } else { Err(self.bypassed(at)) }
    }

    fn give_out(&self, values: &mut Values<B>) -> Result<Kept<B>> {
        Ok(Kept { values: values.read_all(&self.kept)?, output: values.read(self.output)? })
    }
}
