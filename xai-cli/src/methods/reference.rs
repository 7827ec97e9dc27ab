//! What stands for nothing: where paths begin, and what absent numbers are.

use ndarray::{ArrayD, Axis};
use xai::{Fill, Reference, ReferenceSet, Settings};
use xai_cli::command_line::{Outcome, failure};

use crate::args::Baseline;
use crate::input::Given;
use crate::npy::read_npy;

/// What was asked for, for this input.
pub(crate) fn reference(baseline: &Baseline, given: &Given) -> Outcome<Reference> {
    let sample = |mut numbers: ArrayD<f32>| {
        if numbers.ndim() == given.numbers.ndim() && numbers.shape().first() == Some(&1) {
            numbers = numbers.index_axis_move(Axis(0), 0);
        }
        // As the network takes them, of an input that was turned.
        if given.channels_last
            && matches!((numbers.shape(), given.numbers.shape()), (&[a, b, c], &[_, f, d, e]) if [a, b, c] == [d, e, f])
        {
            numbers = numbers.permuted_axes(&[2, 0, 1][..]).as_standard_layout().into_owned();
        }
        Reference::sample(&numbers)
    };
    Ok(match baseline {
        Baseline::Everywhere(reference) => reference.clone(),
        Baseline::File(path) => sample(read_npy(path)?),
        Baseline::Mean => match &given.mean {
            Some(mean) => sample(mean.clone()),
            None => return Err(failure("--reference mean is that of a table's rows: the input is no table")),
        },
    })
}

/// Where paths begin, what absent numbers are, and the only one of a set.
pub(crate) fn referred(settings: Settings, reference: &Reference) -> Settings {
    let set = ReferenceSet::from([reference.clone()]);
    settings.reference(reference.clone()).fill(Fill::Reference(reference.clone())).references(set)
}
