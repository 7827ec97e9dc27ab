//! Numbers of a file of numpy's.

use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, Axis};
use xai_cli::command_line::{Outcome, failure};

use super::frame::are_last;
use super::given::{Given, Shown};
use crate::args::Layout;
use crate::model::Wanted;
use crate::npy::read_npy;

/// Reads the network's input as it is; the batch axis, and axes of one behind it, are put before it where they are
/// missing: a signal of 400 numbers is one of (1, 1, 400). Of an image whose channels the network takes last they are
/// put in front of rows and columns, where those of photos are.
pub(super) fn read(path: &Path, wanted: &Wanted, layout: Option<Layout>) -> Outcome<Given> {
    let mut numbers = read_npy(path)?;
    if let Some(shape) = &wanted.shape {
        let missing = shape.len().saturating_sub(numbers.ndim());
        if shape.iter().take(missing).skip(1).all(|&length| length == Some(1)) {
            numbers = (0..missing).fold(numbers, |numbers, _| numbers.insert_axis(Axis(0)));
        }
    }
    if numbers.shape().first() != Some(&1) {
        let shape = numbers.shape();
        return Err(failure(format!(
            "{}: {shape:?} is not one sample, batch axis first, for {wanted}: give one sample, or where the first axis \
             is no batch, but frames or steps of one, say --no-batch",
            path.display()
        )));
    }
    if !wanted.is_like(numbers.shape()) {
        let (path, shape) = (path.display(), numbers.shape());
        let hint = turned(wanted, shape).map_or_else(String::new, |axes| {
            format!("; its channels are at the other end: save numpy.transpose(array, {axes:?})")
        });
        return Err(failure(format!("{path}: {shape:?} is no shape of {wanted}, where ? is any length{hint}")));
    }
    let how = format!("numbers of shape {:?}", numbers.shape());
    let channels_last = match (layout, numbers.ndim()) {
        (Some(layout), 4) => layout == Layout::Nhwc,
        (None, 4) => are_last(wanted),
        (None, _) => false,
        (Some(_), axes) => {
            let path = path.display();
            return Err(failure(format!("{path}: --layout is of images, and it has {axes} axes: leave it out")));
        }
    };
    let mut notes = Vec::new();
    if channels_last {
        numbers = numbers.permuted_axes(&[0, 3, 1, 2][..]).as_standard_layout().into_owned();
        notes.push(format!(
            "its channels are its last axis: results have them in front of rows and columns, {:?}, as those of photos",
            numbers.shape()
        ));
    }
    let shown = shown(wanted, &numbers);
    let numbers = Arc::new(numbers);
    Ok(Given { numbers, mean: None, shown, channels_last, assumed: false, how, notes })
}

/// How the axes of an image are turned that has its channels at the other end than the network takes them; none where
/// that is not what is wrong.
fn turned(wanted: &Wanted, shape: &[usize]) -> Option<[usize; 4]> {
    let &[samples, a, b, c] = shape else { return None };
    let ways = [([0, 3, 1, 2], [samples, c, a, b]), ([0, 2, 3, 1], [samples, b, c, a])];
    ways.into_iter().find(|(_, turned)| wanted.is_like(turned)).map(|(axes, _)| axes)
}

/// A row of more numbers is a line: nobody reads so many columns by their numbers. A table has names, and is a .csv.
const MOST_COLUMNS: usize = 64;

/// What people see of numbers, by how many axes they have, and of a row by its length.
fn shown(wanted: &Wanted, numbers: &ArrayD<f32>) -> Shown {
    match *numbers.shape() {
        [_, length] if wanted.whole => Shown::Tokens(numbers.iter().take(length).map(f32::to_string).collect()),
        [_, columns] if columns <= MOST_COLUMNS => Shown::Columns((0..columns).map(|n| n.to_string()).collect()),
        [_, _] | [_, _, _] => Shown::Signal,
        _ => Shown::Numbers,
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, IxDyn};

    use super::{Shown, Wanted, shown};

    #[test]
    fn a_long_row_is_a_line_and_a_short_one_has_columns() {
        let of = |shape: &[usize], whole: bool| {
            let wanted = Wanted { name: "row".into(), whole, shape: None, channels_last: None, usual: None };
            shown(&wanted, &ArrayD::zeros(IxDyn(shape)))
        };
        assert!(matches!(of(&[1, 64], false), Shown::Columns(names) if names.len() == 64 && names[63] == "63"));
        assert!(matches!(of(&[1, 65], false), Shown::Signal));
        assert!(matches!(of(&[1, 65], true), Shown::Tokens(_)));
        assert!(matches!(of(&[1, 3, 8, 8], false), Shown::Numbers));
    }
}
