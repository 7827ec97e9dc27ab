//! Cutting a graph in two.

use std::rc::Rc;

use super::places::near;
use super::{Graph, Node, Step, Value};
use crate::{Backend, Error, Result};

impl<'m, B: Backend> Graph<'m, B> {
    /// For each node, whether all that comes behind sees the inputs through its value alone.
    pub(super) fn cuts(&self) -> Vec<bool> {
        let counts = |i: usize| self.needed[i] && self.reached[i];
        let mut open = vec![0_usize; self.nodes.len()];
        let (mut waiting, mut cuts) = (0_usize, vec![false; self.nodes.len()]);
        for (i, node) in self.nodes.iter().enumerate() {
            if !counts(i) {
                continue;
            }
            for input in node.inputs.iter().filter(|value| counts(value.0)) {
                open[input.0] -= 1;
                waiting -= usize::from(open[input.0] == 0);
            }
            open[i] = self.readers[i];
            waiting += 1;
            // An input that comes later in the list is read behind this node.
            let inputs_behind = (i + 1..self.inputs).any(counts);
            cuts[i] = waiting == 1 && !inputs_behind;
        }
        cuts
    }

    /// f = rest ∘ start, cut at a value: what leads to it, and a graph of one input behind it.
    ///
    /// # Errors
    /// [`Error::BypassedPlace`] when the output also depends on the inputs in another way than through the value.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// let graph =
    ///     Graph::<NdArray<f64>>::trace(&[vec![1, 2]], |x| Ok(x[0].within("relu", || Ok(x[0].relu()))? * 3.0))?;
    /// let (start, rest) = graph.split(graph.place("relu")?)?;
    /// let x = Tensor::upload(array![[2.0, -1.0]].view().into_dyn(), &())?;
    /// let inside = start.forward(&[x])?;
    /// assert_eq!(inside.download()?, array![[2.0, 0.0]].into_dyn());
    /// assert_eq!(rest.forward(&[inside])?.download()?, array![[6.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn split(&self, at: Value) -> Result<(Self, Self)> {
        self.check_cut(at)?;
        let start = self.up_to(at);

        // What leads from the value to the output, and the constants that it takes.
        let mut nodes = vec![Node { step: Step::Input, inputs: Vec::new(), ..self.nodes[at.0].clone() }];
        let mut moved = vec![None; self.nodes.len()];
        moved[at.0] = Some(Value(0));
        for i in self.behind(at) {
            let node = &self.nodes[i];
            let inputs = node.inputs.iter().filter_map(|value| moved[value.0]).collect();
            moved[i] = Some(Value(nodes.len()));
            nodes.push(Node { inputs, ..node.clone() });
        }
        let places = self.places.iter().filter_map(|&(scope, value)| Some((scope, moved[value.0]?))).collect();
        let output = moved[self.output.0].ok_or_else(|| self.bypassed(at))?;
        let (names, placement) = (Rc::clone(&self.names), self.placement());
        Ok((start, Graph::of_parts(nodes, 1, output, names, places, placement)))
    }

    /// What leads to a value, with the value as its output: any value, also one that the graph cannot be cut at.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Error, Graph, NdArray, Tensor};
    ///
    /// // The input also goes past the relu: the graph cannot be cut there.
    /// let graph =
    ///     Graph::<NdArray<f64>>::trace(&[vec![1, 2]], |x| Ok(&x[0] + x[0].within("relu", || Ok(x[0].relu()))?))?;
    /// let at = graph.place("relu")?;
    /// assert!(matches!(graph.check_cut(at), Err(Error::BypassedPlace { .. })));
    /// let x = Tensor::upload(array![[2.0, -1.0]].view().into_dyn(), &())?;
    /// assert_eq!(graph.up_to(at).forward(&[x])?.download()?, array![[2.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn up_to(&self, at: Value) -> Self {
        let places = self.places.iter().filter(|(_, value)| *value <= at).copied().collect();
        // All inputs stay, also those behind the value that nothing needs.
        let end = at.0.max(self.inputs.saturating_sub(1));
        let (names, placement) = (Rc::clone(&self.names), self.placement());
        Graph::of_parts(self.nodes[..=end].to_vec(), self.inputs, at, names, places, placement)
    }

    /// The nodes between a value that the graph can be cut at and the output, in order.
    fn behind(&self, at: Value) -> Vec<usize> {
        let mut wanted = vec![false; self.nodes.len()];
        wanted[self.output.0] = true;
        let mut order = Vec::new();
        for i in (0..self.nodes.len()).rev() {
            if wanted[i] && i != at.0 {
                order.push(i);
                self.nodes[i].inputs.iter().for_each(|value| wanted[value.0] = true);
            }
        }
        order.reverse();
        order
    }

    /// The name of the place that a value is; of one that is none, the layer's that it is in.
    pub(super) fn place_of(&self, at: Value) -> String {
        let of_value = self.places.iter().find(|(_, value)| *value == at).map(|(scope, _)| self.names.path(*scope));
        of_value.unwrap_or_else(|| self.path(at))
    }

    pub(super) fn bypassed(&self, at: Value) -> Error {
        let place = self.place_of(at);
        let known = near(&place, self.cut_places());
        Error::BypassedPlace { place, known }
    }
}
