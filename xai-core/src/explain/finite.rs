//! No values that are not finite numbers: where they begin.

use ndarray::{ArrayD, ArrayViewD, Dimension};

use super::rows::all_finite;
use super::{Attribution, Call, Target};
use crate::{Arithmetic, Backend, Differentiable, Element, Error, Graph, Result, Step, Tensor, Weight};

type Found<M> = Attribution<<M as Differentiable>::Backend>;
type Host<M> = <<M as Differentiable>::Backend as Arithmetic>::Elem;

/// Refuses values that are not finite, and says where they begin: in a weight, in the output, at a point or a copy of
/// the analyzer's, or else in the gradient itself. Nor is a number explained that is not finite, whatever its gradient,
/// nor given out what is complete but for a gap that is none.
///
/// `origin` is asked for a point or a copy, with the sample that it is looked for in.
pub(crate) fn check_values<M: Differentiable + ?Sized>(
    origin: impl FnOnce(&Call<'_, M::Backend>) -> Result<Option<String>>,
    model: &M,
    call: &Call<'_, M::Backend>,
    found: &Found<M>,
    (values, output): (&[ArrayD<Host<M>>], &ArrayD<Host<M>>),
) -> Result<()> {
    let Some((sample, place, value)) = values.iter().find_map(|values| first_bad(values.view())) else {
        check_explained(model, call, found, output)?;
        return check_gap(found);
    };
    if let Some(layer) = bad_weight(&call.graph(model)?)? {
        return Err(broken_weight(&layer, sample));
    }
    if let Some((_, at, value)) = first_bad(row(&found.output, sample)?.download()?.view()) {
        return Err(bad_output(&format!("the model's output, {value} at {at:?},"), sample));
    }
    let inputs = call.inputs.iter().map(|input| row(input, sample)).collect::<Result<Vec<_>>>()?;
    let chosen = found.selection.part(sample, 1);
    let alone = Call { inputs: &inputs, target: Target::Chosen(&chosen), samples: &[sample], ..*call };
    let origin = match origin(&alone)? {
        Some(origin) => format!("what the model makes of {origin}"),
        None => "the gradient".into(),
    };
    let what = format!("{origin} ({value} at {place:?} of the values)");
    let reason = "the model's output or its slope has no value there, as 1/x, x/|x| and the root have none at 0, or \
                  numbers overflow: choose another input, reference or noise, or a wider number type"
        .into();
    Err(Error::ValuesNotFinite { what, sample, reason })
}

fn bad_output(what: &str, sample: usize) -> Error {
    let reason = "an operation of it overflows, or has no value there: check the input, the weights, and the number \
                  type"
        .into();
    Error::ValuesNotFinite { what: what.into(), sample, reason }
}

/// Refuses to explain a number that is not finite.
fn check_explained<M: Differentiable + ?Sized>(
    model: &M,
    call: &Call<'_, M::Backend>,
    found: &Found<M>,
    output: &ArrayD<Host<M>>,
) -> Result<()> {
    found.selection.check(output.shape())?;
    let explained = found.selection.pick_of(output);
    let Some((sample, value)) = explained.into_iter().enumerate().find(|(_, value)| !value.is_finite()) else {
        return Ok(());
    };
    match bad_weight(&call.graph(model)?)? {
        Some(layer) => Err(broken_weight(&layer, sample)),
        None => Err(bad_output(&format!("the model's output, {value} where it is explained,"), sample)),
    }
}

/// Refuses a completeness gap that is not finite.
fn check_gap<B: Backend>(found: &Attribution<B>) -> Result<()> {
    let gaps = found.extras.completeness_gap.iter().flatten().enumerate();
    match gaps.into_iter().find(|(_, gap)| !gap.is_finite()) {
        None => Ok(()),
        Some((sample, gap)) => Err(Error::ValuesNotFinite {
            what: format!("the completeness gap, {gap},"),
            sample,
            reason: "what the model makes of the reference is no finite number, or values overflow when they are \
                     added up: choose another reference, or a wider number type"
                .into(),
        }),
    }
}

fn broken_weight(layer: &str, sample: usize) -> Error {
    let reason = "the file that the weights come from is broken, or they overflow in this number type".into();
    Error::ValuesNotFinite { what: format!("a weight of `{layer}`"), sample, reason }
}

fn row<B: Backend>(t: &Tensor<B>, sample: usize) -> Result<Tensor<B>> {
    t.narrow(0, sample, 1)
}

/// Of the first number that is not finite: the sample, the place in it, and the number.
fn first_bad<E: Element>(values: ArrayViewD<'_, E>) -> Option<(usize, Vec<usize>, f64)> {
    if all_finite(&values) {
        return None;
    }
    let (place, value) = values.indexed_iter().find(|(_, value)| !value.is_finite())?;
    let place = place.slice();
    Some((place.first().copied().unwrap_or(0), place.get(1..).unwrap_or_default().to_vec(), value.as_f64()))
}

/// The layer of the first weight with a number that is not finite.
fn bad_weight<B: Backend>(graph: &Graph<'_, B>) -> Result<Option<String>> {
    for (node, of) in graph.nodes().iter().enumerate() {
        let weights: Vec<&Weight<B>> = match of.step() {
            Step::Op(op) => op.weights(),
            Step::Constant(weight) => vec![weight],
            Step::Input | Step::Opaque(_) => Vec::new(),
        };
        for weight in weights {
            let numbers = weight.tensor().download()?;
            // A constant may be infinite, as a mask is: what is hidden weighs nothing behind a softmax.
            let broken = match of.step() {
                Step::Constant(_) => numbers.iter().any(|n| n.as_f64().is_nan()),
                _ => !all_finite(&numbers),
            };
            if broken {
                let path = graph.path(crate::graph::Value(node));
                let op = of.op().map_or("a constant", |op| op.name());
                return Ok(Some(if path.is_empty() { op.to_owned() } else { path }));
            }
        }
    }
    Ok(None)
}

/// Whether everything that an analyzer found is finite.
pub(crate) fn is_finite<B: Backend>(found: &Attribution<B>) -> Result<bool> {
    for t in found.values.iter().chain([&found.output]) {
        if !all_finite(&t.download()?) {
            return Ok(false);
        }
    }
    Ok(true)
}
