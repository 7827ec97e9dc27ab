//! Analyzers whose values come back from the output in one way.

use super::{Attribution, Call, Extras};
use crate::{Backend, Differentiable, Error, Graph, Pullback, Result, Rules, Tensor};

/// How the values of an analyzer come back from the output.
///
/// ```
/// # use xai_core as xai;
/// use xai::{Analyzer, Gradient, NdArray, Net, WayBack, nn::Activation};
///
/// type Model = Net<NdArray<f64>, Activation>;
/// assert!(matches!(Analyzer::<Model>::way_back(&Gradient), Some(WayBack::Gradient)));
/// ```
pub enum WayBack<'a, B: Backend> {
    /// By the gradient.
    Gradient,
    /// By rules.
    Rules(&'a dyn Rules<B>),
}

impl<B: Backend> Clone for WayBack<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Backend> Copy for WayBack<'_, B> {}

impl<'a, B: Backend> WayBack<'a, B> {
    /// The rules, if there are any.
    pub fn rules(self) -> Option<&'a dyn Rules<B>> {
        match self {
            WayBack::Gradient => None,
            WayBack::Rules(rules) => Some(rules),
        }
    }
}

impl<B: Backend> std::fmt::Debug for WayBack<'_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.rules().is_some() { "Rules(..)" } else { "Gradient" })
    }
}

impl<B: Backend> Call<'_, B> {
    /// The selected output, pulled back once: to each explained input, in its shape.
    ///
    /// # Errors
    /// The model's and the rules' own; [`Error::Detached`] where nothing comes back to an explained input.
    pub fn one_way_back<M>(&self, model: &M, way: WayBack<'_, B>) -> Result<Attribution<B>>
    where
        M: Differentiable<Backend = B> + ?Sized,
    {
        self.back_through(&self.graph(model)?, way)
    }

    /// As [`one_way_back`](Call::one_way_back), through a graph that was written down for these inputs.
    pub(crate) fn back_through(&self, graph: &Graph<'_, B>, way: WayBack<'_, B>) -> Result<Attribution<B>> {
        let (output, pullback) = graph.vjp(self.inputs, self.explained, way.rules())?;
        let selection = self.target.settle_for(self.inputs, &output)?;
        let values = pulled(&pullback, &selection.cotangent(&output)?, self.explained)?;
        Ok(Attribution { values, output, selection, extras: Extras::default() })
    }
}

/// What comes back to each explained input: an error where nothing does.
pub(crate) fn pulled<B: Backend>(
    pullback: &Pullback<'_, B>,
    cotangent: &Tensor<B>,
    explained: &[bool],
) -> Result<Vec<Tensor<B>>> {
    let parts = pullback.pull_all(cotangent)?;
    let mut values = Vec::with_capacity(parts.len());
    for (input, part) in parts.into_iter().enumerate().filter(|&(input, _)| explained.get(input) == Some(&true)) {
        values.push(part.ok_or_else(|| {
            Error::Detached {
                at: if explained.len() == 1 { "the model".into() } else { format!("the model, number {input}") },
                causes: "the output is a constant, or comes from other inputs alone; a step without a gradient, as a \
                     comparison or whole numbers, lies on every way to it"
                    .into(),
            }
        })?);
    }
    Ok(values)
}
