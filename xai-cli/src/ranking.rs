//! Methods ranked by metrics: which metrics, and from the tables of single photos to one that is sorted.

use xai::metrics::{
    Better, Deletion, Evaluation, Infidelity, Insertion, Metric, Order, ParameterRandomisation, Road, Scores,
};
use xai::{Backend, Error, Features, Fill, OutputScale, Result};

/// Whether an explanation of a photo is true, by a grid of so many cells along each side.
///
/// How the class's probability rises as the most important cells come (insertion), falls as they go (deletion), whether
/// the order is right when what goes is imputed (ROAD), how far sums of the values are from what the score does
/// (infidelity, with the factor that suits them best), and how alike the map is to that of the same network with random
/// weights.
pub fn metrics<B: Backend>(grid: usize) -> Vec<Box<dyn Metric<B>>> {
    let cells = || Features::grid([grid, grid]);
    let blurred = || Fill::Blur { sigma: 5.0 };
    let probability = OutputScale::Probability;
    let insertion = Insertion::new().features(cells()).fill(blurred()).scale(probability);
    let deletion = Deletion::new().features(cells()).scale(probability);
    vec![
        // Random orders would cost as much for each analyzer; the random map is one row.
        Box::new(insertion.steps(14).random_orders(0)),
        Box::new(deletion.steps(14).random_orders(0)),
        Box::new(Road::new().shares([0.1, 0.3, 0.5, 0.7, 0.9]).features(cells()).scale(probability)),
        Box::new(Infidelity::new().features(cells()).n(30).scaled(true)),
        Box::new(ParameterRandomisation::new().order(Order::AtOnce)),
    ]
}

/// Adds a photo's scores to those of the photos before it, all or none.
///
/// # Errors
/// Why an analyzer has no score for this photo where it had one before.
pub fn add(all: &mut Evaluation, crop: Evaluation) -> Result<()> {
    let wanted = all.cells.iter().flatten().map(Result::is_ok);
    let more = wanted.zip(crop.cells.into_iter().flatten());
    let more = more.map(|(wanted, more)| if wanted { more.map(Some) } else { Ok(None) }).collect::<Result<Vec<_>>>()?;
    for (cell, more) in all.cells.iter_mut().flatten().zip(more) {
        if let (Ok(scores), Some(more)) = (cell, more) {
            scores.extend(more);
        }
    }
    Ok(())
}

/// Puts the mean rank of each row over the metrics behind its scores, and sorts the rows by it; the last one, the
/// random map, stays.
pub fn rank(table: &mut Evaluation) {
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

#[allow(clippy::cast_precision_loss)] // rows and photos
fn as_number(count: usize) -> f64 {
    count as f64
}
