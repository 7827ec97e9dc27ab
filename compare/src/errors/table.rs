//! Errors and evaluations by seed.

use std::collections::BTreeMap;

use ndarray::{Array1, ArrayD, Axis, arr1, stack};
use xai::{Dims, Element, Error, Explanation, Result};

/// The numbers by name: `GAME.truth`, and for each estimate `GAME.NAME.N` with a row for each seed, of the error and
/// the evaluations.
pub(super) type Table = BTreeMap<String, ArrayD<f64>>;

/// ‖found - truth‖₂ / ‖truth‖₂.
fn error(found: &Array1<f64>, truth: &Array1<f64>) -> f64 {
    let norm = |values: &Array1<f64>| values.dot(values).sqrt();
    norm(&(found - truth)) / norm(truth)
}

/// The values of the one sample's features.
pub(super) fn values<E: Element, D: Dims<E>>(found: Explanation<E, D>) -> Result<(Array1<f64>, f64)> {
    let extras = found.extras;
    let rows = extras.feature_values.and_then(|rows| rows.into_iter().next());
    let evaluations = extras.evaluations.and_then(|of| of.first().copied());
    #[allow(clippy::cast_precision_loss)]
    match (rows, evaluations) {
        (Some(row), Some(evaluations)) => Ok((row.into(), evaluations as f64)),
        _ => Err(Error::Unsupported {
            analyzer: found.analyzer,
            reason: "it tells no values of features, or no evaluations".into(),
        }),
    }
}

/// For each seed the error and the evaluations.
pub(super) fn of_seeds(
    seeds: u64,
    truth: &Array1<f64>,
    run: impl Fn(u64) -> Result<(Array1<f64>, f64)>,
) -> Result<ArrayD<f64>> {
    let row = |seed| {
        let (found, evaluations) = run(seed)?;
        Ok(arr1(&[error(&found, truth), evaluations]))
    };
    let rows = (0..seeds).map(row).collect::<Result<Vec<_>>>()?;
    let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
    let rows = stack(Axis(0), &views).map_err(|e| Error::backend("ndarray", e))?;
    Ok(rows.into_dyn())
}
