//! An analyzer of the registry, where another analyzer has to be wrapped around it.

use xai::{Analyzer, AnyAnalyzer, Attribution, Backend, Call, Differentiable, Inputs, Kind, Result};

/// An analyzer of any model of a backend, for models of a type that is known: what [`xai::AtLayer`] asks for.
pub(super) struct AnyModel<B: Backend>(pub(super) Box<dyn AnyAnalyzer<B>>);

impl<B: Backend, M: Differentiable<Backend = B>> Analyzer<M> for AnyModel<B> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn kind(&self) -> Kind {
        self.0.kind()
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.0.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, B>) -> Result<Attribution<B>> {
        self.0.attribute(model, call)
    }
}
