//! An analyzer that takes any model of a backend: [`AnyAnalyzer`].

use super::Analyzer;
use crate::{Backend, Differentiable};

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
