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

/// What of an input comes and goes, and what stands in its place.
///
/// ```
/// use xai::{Features, NdArray, OutputScale};
/// use xai_cli::ranking::{Hiding, metrics};
///
/// // Columns of a table have no neighbours: ROAD is left out.
/// let columns = Hiding { features: Features::each(), imputed: false, ..Hiding::zeros() };
/// assert_eq!(metrics::<NdArray>(&columns, OutputScale::AsIs).len(), 4);
/// ```
#[derive(Debug, Clone)]
pub struct Hiding {
    /// The parts.
    pub features: Features,
    /// What insertion begins with.
    pub start: Fill,
    /// What is left of parts that go.
    pub gone: Fill,
    /// Whether what goes can be imputed by what is beside it, as in images and sequences.
    pub imputed: bool,
    /// How many copies go through the network at once.
    pub chunk: Option<usize>,
}

impl Hiding {
    /// The cells of a grid with so many along each side of a photo, which comes out of its blur.
    ///
    /// ```
    /// use xai::Fill;
    /// use xai_cli::ranking::Hiding;
    ///
    /// assert!(matches!(Hiding::photo(7).start, Fill::Blur { .. }));
    /// ```
    pub fn photo(grid: usize) -> Self {
        Hiding {
            features: Features::grid([grid, grid]),
            start: Fill::Blur { sigma: 5.0 },
            imputed: true,
            ..Hiding::zeros()
        }
    }

    /// Number by number, with zeros in their place.
    ///
    /// ```
    /// use xai_cli::ranking::Hiding;
    ///
    /// assert!(!Hiding::zeros().imputed);
    /// ```
    pub fn zeros() -> Self {
        let zeros = Fill::default();
        Hiding { features: Features::each(), start: zeros.clone(), gone: zeros, imputed: false, chunk: None }
    }
}

/// Whether an explanation is true.
///
/// How the class's probability, or the score where that is the scale, rises as the most important cells come
/// (insertion), falls as they go (deletion), whether the order is right when what goes is imputed (ROAD), how far sums
/// of the values are from what the score does (infidelity, with the factor that suits them best), and how alike the map
/// is to that of the same network with random weights.
///
/// ```
/// use xai::{NdArray, OutputScale};
/// use xai_cli::ranking::{Hiding, metrics};
///
/// let all = metrics::<NdArray>(&Hiding::photo(7), OutputScale::Probability);
/// let names: Vec<String> = all.iter().map(|metric| metric.name()).collect();
/// assert_eq!((names.len(), names[2].as_str()), (5, "ROAD"));
/// ```
pub fn metrics<B: Backend>(hiding: &Hiding, scale: OutputScale) -> Vec<Box<dyn Metric<B>>> {
    let Hiding { features, start, gone, imputed, chunk } = hiding;
    // Random orders would cost as much for each analyzer; the random map is one row.
    let insertion = Insertion::new().fill(start.clone()).steps(14).random_orders(0).scale(scale);
    let deletion = Deletion::new().fill(gone.clone()).steps(14).random_orders(0).scale(scale);
    let road = Road::new().shares([0.1, 0.3, 0.5, 0.7, 0.9]).scale(scale);
    let infidelity = Infidelity::new().fill(gone.clone()).n(30).scaled(true);
    let mut all: Vec<Box<dyn Metric<B>>> = Vec::new();
    macro_rules! put {
        ($metric:expr) => {{
            let metric = $metric.features(features.clone());
            all.push(match chunk {
                Some(chunk) => Box::new(metric.chunk(*chunk)),
                None => Box::new(metric),
            });
        }};
    }
    put!(insertion);
    put!(deletion);
    if *imputed {
        put!(road);
    }
    put!(infidelity);
    all.push(Box::new(ParameterRandomisation::new().order(Order::AtOnce)));
    all
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
