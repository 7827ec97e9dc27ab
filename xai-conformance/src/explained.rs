//! Explanations beside those on f64 arrays, and beside their own samples.

use ndarray::{ArrayD, Axis, concatenate};
use xai_core::{Analyzer, Backend, Differentiable, Element, Explanation, MaxActivation, OutputSelector};

use crate::{Failure, Outcome, Suite};

pub(crate) type Boxed<'a, M> = Box<dyn Analyzer<M> + 'a>;

pub(crate) fn explain<B: Backend, M: Differentiable<Backend = B>>(
    analyzer: &dyn Analyzer<M>,
    model: &M,
    x: &ArrayD<f64>,
) -> Result<Explanation<B::Elem>, Failure> {
    explain_of(analyzer, model, x, MaxActivation)
}

pub(crate) fn explain_of<B: Backend, M: Differentiable<Backend = B>>(
    analyzer: &dyn Analyzer<M>,
    model: &M,
    x: &ArrayD<f64>,
    select: impl OutputSelector<B::Elem>,
) -> Result<Explanation<B::Elem>, Failure> {
    let x = x.mapv(B::Elem::of);
    (&analyzer).analyze(model, &x, select).map_err(|error| Failure::new(format!("{}: {error}", analyzer.name())))
}

/// The values of each sample alone, put together again: what a batch of them has to give.
pub(crate) fn one_by_one<B: Backend>(
    suite: &Suite<B>,
    all: &Explanation<B::Elem>,
    x: &ArrayD<f64>,
    explain: impl Fn(&ArrayD<f64>) -> Result<Explanation<B::Elem>, Failure>,
) -> Outcome {
    let alone = x.axis_chunks_iter(Axis(0), 1).map(|sample| explain(&sample.to_owned()));
    let alone = alone.map(|why| Ok(why?.values.mapv(Element::as_f64))).collect::<Result<Vec<_>, Failure>>()?;
    let alone: Vec<_> = alone.iter().map(|values| values.view()).collect();
    let joined = concatenate(Axis(0), &alone).map_err(|error| Failure::new(error.to_string()))?;
    suite.looser(lost(&all.analyzer)).close(&format!("batch of {}", all.analyzer), &all.values, &joined)
}

pub(crate) fn same<B: Backend, E: Element>(
    suite: &Suite<B>,
    got: &Explanation<B::Elem>,
    expected: &Explanation<E>,
) -> Outcome {
    let name = &got.analyzer;
    let wide = |a: &ArrayD<E>| a.mapv(Element::as_f64);
    if got.selection != expected.selection {
        return Err(Failure::new(format!("{name}: {:?} instead of {:?}", got.selection, expected.selection)));
    }
    suite.close(&format!("output of {name}"), &got.output, &wide(&expected.output))?;
    suite.looser(lost(name)).close(&format!("values of {name}"), &got.values, &wide(&expected.values))
}

/// What takes differences of nearly equal numbers loses digits, by such a factor: chords of a blur that hardly moves,
/// and difference quotients of gradients. How many hangs on how the framework adds up, which differs from one processor
/// to another.
const LOST: [(&str, f64); 2] = [("BlurIg", 100.0), ("ShapleyCam", 100.0)];

fn lost(analyzer: &str) -> f64 {
    LOST.iter().find(|(lossy, _)| analyzer.starts_with(lossy)).map_or(1.0, |(_, factor)| *factor)
}
