//! What analyzers and metrics draw at random: seen by a model that writes down what it is given.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;

use ndarray::{Array1, Array2, ArrayD, ArrayViewD, Axis, IxDyn, concatenate};
use xai::metrics::Metric;
use xai::{
    Analyzer, BlackBox, Error, FeatureAblation, Features, Fill, Index, NdArray, Reference, Result, RiseEstimate,
};

use super::settings;

/// What is compared: a network's name, the axes of a sample, and how many features it is cut into.
pub const CASES: [(&str, &[usize], usize); 3] =
    [("mini_table", &[8], 8), ("mini_resnet", &[3, 24, 24], 9), ("resnet18", &[3, 64, 64], 6)];

/// For Python to use the same: for each case `orders`, `lime` and `sets` (rows of features: what is present on the ways
/// from none to all, what is present, and what is absent), `rise` (masks of the plane) and `steps` (to neighbours of
/// the input).
///
/// # Errors
/// The analyzers' own.
pub fn drawn() -> Result<BTreeMap<String, ArrayD<f64>>> {
    let mut all = BTreeMap::new();
    for (name, sample, features) in CASES {
        let mut add = |what: &str, rows: ArrayD<f64>| all.insert(format!("{name}.{what}"), rows);
        let columns = ArrayD::ones(IxDyn(&[1, features]));
        // The input as it is comes first, and before orders what has nothing of it.
        let orders = settings::orders().features(Features::each());
        add("orders", from(&recorded(|model| orders.analyze(model, &columns, Index(0)))?, 2));
        let lime = settings::lime().features(Features::each());
        add("lime", from(&recorded(|model| lime.analyze(model, &columns, Index(0)))?, 1));
        // The explanation has run before.
        let (sets, ablation) = (settings::sets().features(Features::each()), FeatureAblation::new());
        let present = recorded(|model| sets.of_analyzer(model, &columns, Index(0), &ablation))?;
        add("sets", from(&present.mapv(|present| 1.0 - present), 2 + features));
        if let [_, plane @ ..] = sample
            && !plane.is_empty()
        {
            let plane: Vec<usize> = [1, 1].iter().chain(plane).copied().collect();
            let rise = settings::rise(RiseEstimate::Mean);
            let masks = recorded(|model| rise.analyze(model, &ArrayD::ones(IxDyn(&plane)), Index(0)))?;
            add("rise", from(&masks, 1).index_axis_move(Axis(1), 0));
        }
        add("steps", steps(sample)?);
    }
    Ok(all)
}

/// What neighbours differ by from zeros: rows that are neither zeros nor the fill.
fn steps(sample: &[usize]) -> Result<ArrayD<f64>> {
    let x = ArrayD::<f64>::zeros(IxDyn(&[&[1], sample].concat()));
    let whole = Features::segments(&ArrayD::zeros(IxDyn(sample)));
    let ablation = FeatureAblation::new().features(whole).fill(Fill::Reference(Reference::Constant(-1.0)));
    let rows = recorded(|model| settings::neighbours().of_analyzer(model, &x, Index(0), &ablation))?;
    let steps: Vec<_> = rows.outer_iter().filter(|row| row.iter().any(|v| *v != 0.0 && *v != -1.0)).collect();
    ndarray::stack(Axis(0), &steps).map_err(|e| Error::backend("ndarray", e))
}

/// The rows behind so many.
fn from(rows: &ArrayD<f64>, first: usize) -> ArrayD<f64> {
    rows.slice_axis(Axis(0), (first..).into()).to_owned()
}

/// A model that is asked for the sum of each row.
type Seeing<'a> = dyn xai::Differentiable<Backend = NdArray<f64>> + 'a;

/// All rows that a model was given, in their order.
fn recorded<T>(run: impl FnOnce(&Seeing<'_>) -> Result<T>) -> Result<ArrayD<f64>> {
    let rows: Mutex<Vec<ArrayD<f64>>> = Mutex::default();
    let model = BlackBox::new(|x: ArrayViewD<'_, f64>| -> std::result::Result<Array2<f64>, Infallible> {
        if let Ok(mut rows) = rows.lock() {
            rows.push(x.to_owned());
        }
        Ok(Array1::from_iter(x.outer_iter().map(|row| row.sum())).insert_axis(Axis(1)))
    });
    run(&model)?;
    let rows = rows.into_inner().unwrap_or_default();
    let views: Vec<_> = rows.iter().map(|rows| rows.view()).collect();
    concatenate(Axis(0), &views).map_err(|e| Error::backend("ndarray", e))
}
