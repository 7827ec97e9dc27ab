//! From the tables of single crops to one that is ranked.

use xai::metrics::{Better, Evaluation, Scores};
use xai::{Error, Result};

/// Adds a crop's scores to those of the crops before it.
///
/// # Errors
/// Why an analyzer has no score for this crop where it had one before.
pub(crate) fn add(all: &mut Evaluation, crop: Evaluation) -> Result<()> {
    for (cells, more) in all.cells.iter_mut().zip(crop.cells) {
        for (cell, more) in cells.iter_mut().zip(more) {
            if let Ok(scores) = cell {
                scores.values.extend(more?.values);
            }
        }
    }
    Ok(())
}

/// Puts the mean rank of each row over the metrics behind its scores, and sorts the rows by it; the last one, the
/// random map, stays.
pub(crate) fn rank(table: &mut Evaluation) {
    let metrics = table.metrics.len();
    let means: Vec<Vec<f64>> = table.cells.iter().map(|row| row.iter().map(mean).collect()).collect();
    let place = |row: usize, metric: usize| {
        let (mine, better) = (means[row][metric], table.metrics[metric].1);
        let ahead = means.iter().filter(|other| match better {
            Better::Lower => other[metric] < mine,
            _ => other[metric] > mine,
        });
        // What has no score comes behind all that have one.
        if mine.is_nan() { as_number(means.len()) } else { as_number(1 + ahead.count()) }
    };
    let ranks = |row: usize| (0..metrics).map(|metric| place(row, metric)).sum::<f64>() / as_number(metrics);
    let ranks: Vec<f64> = (0..means.len()).map(ranks).collect();

    let names = std::mem::take(&mut table.analyzers).into_iter();
    let mut rows: Vec<_> = names.zip(std::mem::take(&mut table.cells)).zip(ranks).collect();
    let last = rows.pop();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    for ((name, mut cells), rank) in rows.into_iter().chain(last) {
        cells.push(Ok(Scores::from(vec![rank])));
        table.analyzers.push(name);
        table.cells.push(cells);
    }
    table.metrics.push(("mean rank".to_owned(), Better::Lower));
}

fn mean(cell: &std::result::Result<Scores, Error>) -> f64 {
    cell.as_ref().map_or(f64::NAN, |scores| scores.values.iter().sum::<f64>() / as_number(scores.values.len()))
}

#[allow(clippy::cast_precision_loss)] // rows and crops
fn as_number(count: usize) -> f64 {
    count as f64
}
