//! From forward code to a graph.

use std::rc::Rc;

use super::tracer::Tracer;
use super::var::of_another_graph;
use super::{Graph, Value, Var};
use crate::{Backend, Result};

impl<'m, B: Backend> Graph<'m, B> {
    /// Writes down what forward code computes for inputs of these shapes.
    ///
    /// Shapes and weights are checked as far as nothing comes from code that nobody can look into; nothing is computed.
    ///
    /// # Errors
    /// The first error of an operation or of the code itself, with the names of its layer.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    /// let code = |classes: usize| {
    ///     Graph::<NdArray>::trace(&[vec![8, 3]], |x| x[0].within("head", || Ok(x[0].reshape(&[4, 2, classes]))))
    /// };
    /// assert_eq!(code(3)?.output_shape(), Some(&[4, 2, 3][..]));
    /// assert!(code(5).unwrap_err().to_string().contains("head"));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn trace(inputs: &[Vec<usize>], code: impl FnOnce(&[Var<'m, B>]) -> Result<Var<'m, B>>) -> Result<Self> {
        let tracer = Rc::new(Tracer::new(inputs));
        let vars: Vec<Var<'m, B>> = (0..inputs.len()).map(|i| Var::new(&tracer, Value(i))).collect();
        let output = code(&vars).and_then(|y| if y.is_of(&tracer) { Ok(y.value()) } else { Err(of_another_graph()) });
        tracer.finish(inputs.len(), output)
    }
}
