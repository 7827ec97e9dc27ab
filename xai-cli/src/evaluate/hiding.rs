//! What of an input comes and goes.

use ndarray::{ArrayD, Axis};
use xai::{Features, Fill, Reference};
use xai_cli::command_line::{Outcome, failure};
use xai_cli::ranking::Hiding;

use crate::args::EvaluateArgs;
use crate::input::Given;
use crate::notes::Notes;

/// Cells along each side, unless somebody says.
const CELLS: usize = 14;

/// The parts of an input of this shape: cells of an image and of a signal, rows of tokens and of frames, else number by
/// number.
pub(super) fn hiding(
    shape: &[usize],
    is_signal: bool,
    by_rows: bool,
    grid: Option<usize>,
    notes: &Notes,
) -> Outcome<Hiding> {
    let cells = |length: usize| grid.unwrap_or_else(|| CELLS.min(length)).max(1);
    let hiding = match shape {
        [_, _, _, ..] if by_rows && grid.is_none() => Hiding { features: Features::tokens(), ..Hiding::zeros() },
        &[_, _, rows, columns] if !by_rows => {
            Hiding { features: Features::grid([cells(rows), cells(columns)]), ..Hiding::photo(CELLS) }
        }
        // Whose neighbours say something as far as a cell reaches: the blur is a third of one, as a photo's is.
        &[_, _, steps] if !by_rows => Hiding {
            features: Features::grid([cells(steps)]),
            start: Fill::Blur { sigma: blur(steps, cells(steps)) },
            imputed: true,
            ..Hiding::zeros()
        },
        [_, _, spatial @ ..] if !by_rows && !spatial.is_empty() => {
            let cells: Vec<usize> = spatial.iter().copied().map(cells).collect();
            Hiding { features: Features::grid(cells), start: Fill::Blur { sigma: 5.0 }, ..Hiding::zeros() }
        }
        &[_, steps] if is_signal => {
            Hiding { features: Features::time_windows(steps.div_ceil(cells(steps))), ..Hiding::zeros() }
        }
        _ if grid.is_some() => return Err(failure("--grid is for images and signals: leave it out")),
        _ => Hiding::zeros(),
    };
    if !hiding.imputed {
        notes.add("ROAD is left out: nothing is beside what goes by which it is imputed, as in images and signals");
    }
    Ok(hiding)
}

/// Whether the second axis of an input of this shape is that of tokens, at their embedding, or of frames.
pub(super) fn by_rows(args: &EvaluateArgs, at_embedding: bool, shape: &[usize]) -> bool {
    at_embedding || args.network.no_batch && shape.len() == 3
}

/// A third of a cell.
#[allow(clippy::cast_precision_loss)] // steps of a signal
fn blur(steps: usize, cells: usize) -> f64 {
    (steps as f64 / cells as f64 / 3.0).max(1.0)
}

/// The same, with the mean of a table's rows in place of zeros, where there are others than the one that is explained.
pub(super) fn of_table(hiding: Hiding, given: &Given, notes: &Notes) -> Hiding {
    let is_other = |mean: &&ArrayD<f32>| given.numbers.index_axis(Axis(0), 0) != mean.view();
    let Some(mean) = given.mean.as_ref().filter(is_other) else { return hiding };
    notes.add("columns that go, or are not there yet, are the mean of the table's rows");
    let mean = Fill::Reference(Reference::sample(mean));
    Hiding { start: mean.clone(), gone: mean, ..hiding }
}
