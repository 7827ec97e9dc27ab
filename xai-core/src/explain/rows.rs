//! What an input must be, and what a model must make of it.

use ndarray::{ArrayBase, Data, Dimension};

use crate::{Arithmetic, Element, Error, Result, Tensor};

/// A batch axis, at least one element, and nothing but finite numbers.
pub(crate) fn check_input<E: Element, S: Data<Elem = E>, D: Dimension>(input: &ArrayBase<S, D>) -> Result<()> {
    if input.ndim() == 0 || input.is_empty() {
        return Err(Error::InvalidShape {
            what: "input".into(),
            got: input.shape().to_vec(),
            reason: "it needs a batch axis, first, and at least one element".into(),
        });
    }
    check_finite("input", input)
}

/// Without indices and, where numbers stand one after the other, without a branch: this is asked of every input and of
/// all values, which was 2 % of a Grad-CAM's time when it went number by number.
pub(crate) fn all_finite<E: Element, S: Data<Elem = E>, D: Dimension>(values: &ArrayBase<S, D>) -> bool {
    match values.as_slice_memory_order() {
        Some(numbers) => {
            numbers.chunks(4096).all(|chunk| chunk.iter().fold(true, |all, number| all & number.is_finite()))
        }
        None => values.iter().all(|number| number.is_finite()),
    }
}

/// The first number that is not finite is named with its place.
pub(crate) fn check_finite<E: Element, S: Data<Elem = E>, D: Dimension>(
    name: &'static str,
    values: &ArrayBase<S, D>,
) -> Result<()> {
    if all_finite(values) {
        return Ok(());
    }
    let at = values.view().into_dyn();
    match at.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some((place, value)) => Err(Error::InvalidParameter {
            name,
            value: format!("{} at {:?}", value.as_f64(), place.slice()),
            reason: "every number must be finite".into(),
        }),
        None => Ok(()),
    }
}

/// One row of the output for each sample of the input.
pub(crate) fn check_rows<B: Arithmetic>(input: &Tensor<B>, output: &Tensor<B>) -> Result<()> {
    let (input, output) = (input.shape(), output.shape());
    let batch = input.first().copied().unwrap_or(0);
    if output.first() == Some(&batch) {
        return Ok(());
    }
    Err(Error::InvalidShape {
        what: "model output".into(),
        got: output,
        reason: format!(
            "for an input of shape {input:?} it must have {batch} row(s), one for each sample, batch axis first: \
             does the forward code sum, average or flatten over axis 0?"
        ),
    })
}

/// Values of no more inputs than are explained, each with one row for each sample.
pub(crate) fn check_values_rows<B: Arithmetic>(
    analyzer: &str,
    samples: &[usize],
    explained: &[bool],
    values: &[Tensor<B>],
) -> Result<()> {
    let explained = explained.iter().filter(|&&explained| explained).count();
    if values.len() > explained {
        return Err(Error::InvalidParameter {
            name: "values",
            value: format!("{} arrays of {analyzer}", values.len()),
            reason: format!("{explained} input(s) are explained: an analyzer returns one for each"),
        });
    }
    match values.iter().map(Tensor::shape).find(|shape| shape.first() != Some(&samples.len())) {
        None => Ok(()),
        Some(got) => Err(Error::InvalidShape {
            what: format!("values of {analyzer}"),
            got,
            reason: format!("{} sample(s) are explained: they need a row each, batch axis first", samples.len()),
        }),
    }
}
