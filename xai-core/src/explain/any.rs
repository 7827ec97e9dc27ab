//! An analyzer that takes any model of a backend: [`AnyAnalyzer`].

use super::Analyzer;
use crate::{Backend, Differentiable};

/// An analyzer that takes any model of a backend, as all but those that need a model's mark do.
///
/// So it can be asked about another model than the one at hand: the same network with other weights. Nothing is to be
/// implemented: it holds for every `impl<M: Differentiable + ?Sized> Analyzer<M>`.
pub trait AnyAnalyzer<B: Backend>: for<'a> Analyzer<dyn Differentiable<Backend = B> + 'a> {}

impl<B: Backend, A: for<'a> Analyzer<dyn Differentiable<Backend = B> + 'a> + ?Sized> AnyAnalyzer<B> for A {}
