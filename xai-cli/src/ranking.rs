//! Methods ranked by metrics: which metrics, and the table sorted.
//!
//! ```
//! use ndarray::array;
//! use xai::metrics::{Evaluate, Gini};
//! use xai::nn::Activation;
//! use xai::{Gradient, InputTimesGradient, NdArray, Net};
//! use xai_cli::ranking::rank;
//!
//! let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
//! let evaluate = Evaluate::new(&[&Gradient, &InputTimesGradient], &[&Gini]);
//! let mut table = evaluate.run(&net, &array![[1.0, 2.0]], 0)?;
//! rank(&mut table);
//! // The random map stays at the end.
//! assert_eq!(table.analyzers.last().map(String::as_str), Some("RandomMap"));
//! assert_eq!(table.metrics.last().map(|(name, _)| name.as_str()), Some("mean rank"));
//! # Ok::<(), xai::Error>(())
//! ```

use xai::metrics::{
    Better, Cell, Deletion, Evaluation, Infidelity, Insertion, Metric, Order, ParameterRandomisation, Road,
};
use xai::{Backend, Features, Fill, OutputScale};

/// Whether an explanation of a photo is true, by a grid of so many cells along each side.
///
/// How the class's probability rises as the most important cells come (insertion), falls as they go (deletion), whether
/// the order is right when what goes is imputed (ROAD), how far sums of the values are from what the score does
/// (infidelity, with the factor that suits them best), and how alike the map is to that of the same network with random
/// weights.
///
/// ```
/// use xai::NdArray;
/// use xai_cli::ranking::metrics;
///
/// let names: Vec<String> = metrics::<NdArray>(7).iter().map(|metric| metric.name()).collect();
/// assert_eq!((names.len(), names[2].as_str()), (5, "ROAD"));
/// ```
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

/// Puts the mean rank of each row over the metrics behind its scores, and sorts the rows by it; the last one, the
/// random map, stays.
///
/// ```
/// use ndarray::array;
/// use xai::metrics::{Evaluate, Gini};
/// use xai::nn::Activation;
/// use xai::{Gradient, InputTimesGradient, NdArray, Net};
/// use xai_cli::ranking::rank;
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let evaluate = Evaluate::new(&[&Gradient, &InputTimesGradient], &[&Gini]);
/// let mut table = evaluate.run(&net, &array![[1.0, 2.0]], 0)?;
/// // As if they were measured: the more the better.
/// for (row, score) in [0.1, 0.5, 0.3].into_iter().enumerate() {
///     table.cells[row][0].scores.values = vec![score];
/// }
/// rank(&mut table);
/// assert_eq!(table.analyzers, ["InputTimesGradient", "Gradient", "RandomMap"]);
/// assert_eq!((table.mean(0, 1), table.mean(1, 1)), (Some(1.0), Some(3.0)));
/// # Ok::<(), xai::Error>(())
/// ```
pub fn rank(table: &mut Evaluation) {
    let metrics = table.metrics.len();
    let rows = table.analyzers.len();
    let place = |row: usize, metric: usize| {
        let better = table.metrics[metric].1;
        // What has no score comes behind all that have one.
        let Some(mine) = table.mean(row, metric).filter(|mean| !mean.is_nan()) else { return as_number(rows) };
        let ahead = (0..rows).filter(|&other| table.mean(other, metric).is_some_and(|mean| better.prefers(mean, mine)));
        as_number(1 + ahead.count())
    };
    let ranks = |row: usize| (0..metrics).map(|metric| place(row, metric)).sum::<f64>() / as_number(metrics);
    let ranks: Vec<f64> = (0..rows).map(ranks).collect();

    let names = std::mem::take(&mut table.analyzers).into_iter();
    let mut rows: Vec<_> = names.zip(std::mem::take(&mut table.cells)).zip(ranks).collect();
    let last = rows.pop();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    for ((name, mut cells), rank) in rows.into_iter().chain(last) {
        cells.push(Cell::from(rank));
        table.analyzers.push(name);
        table.cells.push(cells);
    }
    table.metrics.push(("mean rank".to_owned(), Better::Lower));
}

#[allow(clippy::cast_precision_loss)] // rows and photos
fn as_number(count: usize) -> f64 {
    count as f64
}

#[cfg(all(test, feature = "files"))]
mod tests {
    use ndarray::array;
    use xai::metrics::{Better, Evaluate, Gini};
    use xai::nn::Activation;
    use xai::{Gradient, InputTimesGradient, NdArray, Net};

    use super::rank;

    #[test]
    fn the_number_that_is_right_is_ahead_of_those_below_it() {
        let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
        let evaluate = Evaluate::new(&[&Gradient, &InputTimesGradient], &[&Gini]);
        let mut table = evaluate.run(&net, &array![[0.5, 2.0]], 0).unwrap();
        table.metrics[0].1 = Better::Closer(0.0);
        for (row, score) in [-0.9, 0.1, 0.5].into_iter().enumerate() {
            table.cells[row][0].scores.values = vec![score];
        }
        rank(&mut table);
        assert_eq!(table.analyzers, ["InputTimesGradient", "Gradient", "RandomMap"]);
        let ranks: Vec<f64> = table.cells.iter().map(|row| row[1].scores.values[0]).collect();
        assert_eq!(ranks, [1.0, 3.0, 2.0]);
    }
}
