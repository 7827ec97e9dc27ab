//! An analyzer that takes any model of a backend: [`AnyAnalyzer`], [`OfAny`].

use super::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::{Backend, Differentiable, Result};

/// An analyzer that takes any model of a backend, as all but those that need a model's mark do.
///
/// So it can be asked about another model than the one at hand: the same network with other weights. Nothing is to be
/// implemented: it holds for every `impl<M: Differentiable + ?Sized> Analyzer<M>`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, AnyAnalyzer, BoxModel, Gradient, InputTimesGradient, NdArray, Net};
///
/// let analyzers: [&dyn AnyAnalyzer<NdArray<f64>>; 2] = [&Gradient, &InputTimesGradient];
/// let model: BoxModel<'_, NdArray<f64>> = Box::new(Net::new(Activation::Relu));
/// for analyzer in &analyzers {
///     assert_eq!(analyzer.analyze(&*model, &array![[1.0]], 0)?.values, array![[1.0]]);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
pub trait AnyAnalyzer<B: Backend>: for<'a> Analyzer<dyn Differentiable<Backend = B> + 'a> {}

impl<B: Backend, A: for<'a> Analyzer<dyn Differentiable<Backend = B> + 'a> + ?Sized> AnyAnalyzer<B> for A {}

/// An analyzer of any model, where its own type is not known, as an analyzer of a model whose type is: what wrappers
/// ask for, so that one of the registry's can be wrapped, as
/// `AtLayer::new(OfAny(info.build_any(&settings)?), "layer3")`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Identity, Sequential};
/// use xai::{Analyzer, AnalyzerInfo, AtLayer, NdArray, OfAny, Settings};
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("start", Identity);
/// let gradient = AnalyzerInfo::find("gradient")?.build_any(&Settings::new())?;
/// let there = AtLayer::new(OfAny(gradient), "start");
/// assert_eq!(there.analyze(&net, &array![[2.0, 3.0]], 0)?.values, array![[1.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct OfAny<A>(pub A);

impl<M: Differentiable, A: AnyAnalyzer<M::Backend>> Analyzer<M> for OfAny<A> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn kind(&self) -> Kind {
        self.0.kind()
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.0.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.0.attribute(model, call)
    }
}
