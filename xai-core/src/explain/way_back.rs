//! Analyzers whose values come back from the output in one way.

use super::{Attribution, Call, Extras};
use crate::{Backend, Differentiable, Error, Graph, Pullback, Result, Rules, Tensor};

/// How the values of an analyzer come back from the output.
///
/// ```
/// # use xai_core as xai;
/// use xai::{Analyzer, Gradient, GuidedBackprop, NdArray, Net, WayBack, nn::Activation};
///
/// type Model = Net<NdArray<f64>, Activation>;
/// assert!(matches!(Analyzer::<Model>::way_back(&Gradient), Some(WayBack::Gradient)));
/// let guided = GuidedBackprop::new();
/// assert!(Analyzer::<Model>::way_back(&guided).is_some_and(|way| way.rules().is_some()));
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
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::rules::{Rectifiers, Unknown};
    /// use xai::{Call, Index, NdArray, Net, Target, Tensor, WayBack};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let inputs = [Tensor::upload(array![[3.0, -1.0]].view().into_dyn(), &())?];
    /// let target = Target::Choose(&Index(1));
    /// let call = Call { inputs: &inputs, explained: &[true], target, samples: &[0] };
    /// // The gradient stops where the rectifier's input is negative, deconvolution does not.
    /// let deconvolution = Rectifiers::deconvolution(Unknown::Refuse);
    /// for (way, back) in [(WayBack::Gradient, 0.0), (WayBack::Rules(&deconvolution), 1.0)] {
    ///     assert_eq!(call.one_way_back(&net, way)?.values[0].download()?, array![[0.0, back]].into_dyn());
    /// }
    /// # Ok::<(), xai::Error>(())
    /// ```
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
