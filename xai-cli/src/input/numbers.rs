//! Numbers of a file of numpy's.

use std::path::Path;

use ndarray::Axis;
use xai_cli::command_line::{Outcome, failure};

use super::{Given, Shown};
use crate::model::Wanted;
use crate::npy::read_npy;

/// Reads the network's input as it is; a batch axis is put before it where it is missing.
pub(super) fn read(path: &Path, wanted: &Wanted) -> Outcome<Given> {
    let mut numbers = read_npy(path)?;
    if wanted.shape.as_ref().is_some_and(|shape| shape.len() == numbers.ndim() + 1) {
        numbers = numbers.insert_axis(Axis(0));
    }
    if numbers.shape().first() != Some(&1) {
        let shape = numbers.shape();
        return Err(failure(format!(
            "{}: {shape:?} is not one sample, batch axis first, for {wanted}",
            path.display()
        )));
    }
    let how = format!("numbers of shape {:?}", numbers.shape());
    Ok(Given { numbers, shown: Shown::Numbers, channels_last: false, how, notes: Vec::new() })
}
