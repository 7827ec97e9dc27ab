//! What expected gradients draw.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ndarray::{ArcArray, ArrayD, Axis, IxDyn, array};
use xai::{Analyzer, Error, ExpectedGradients, Function, NdArray, Result};

type T = ArcArray<f64, IxDyn>;

/// That the Python side, which wrote `draws`, gave Captum what [`ExpectedGradients`] draws.
///
/// # Errors
/// What is drawn, where that is something else; and the analyzer's own.
pub fn check_draws(mut arrays: BTreeMap<String, ArrayD<f64>>) -> Result<()> {
    let written = arrays.remove("draws").unwrap_or_default();
    let drawn = draws(written.shape().first().copied().unwrap_or(0))?;
    let numbers = drawn.iter().flat_map(|&(reference, alpha)| [reference, alpha]);
    if written.len() == 2 * drawn.len() && written.iter().zip(numbers).all(|(a, b)| (a - b).abs() < 1e-12) {
        return Ok(());
    }
    Err(Error::InvalidParameter {
        name: "DRAWS",
        value: format!("{written:?}"),
        reason: format!("ExpectedGradients draws {drawn:?}: compare/python/inside/differences.py must have the same"),
    })
}

/// Which of three references, and where on the path from it, for `n` draws with seed 0: as a model sees them.
fn draws(n: usize) -> Result<Vec<(f64, f64)>> {
    let seen: Arc<Mutex<Vec<(f64, f64)>>> = Arc::default();
    let sees = Arc::clone(&seen);
    let forward = move |x: &T| {
        let rows = x.axis_iter(Axis(0)).map(|row| (row[0], row[1]));
        // A lock that a panic has left: there is none here.
        sees.lock().map(|mut seen| seen.extend(rows)).ok();
        x.clone()
    };
    let model = Function::<NdArray<f64>, _, _>::new(forward, |_: &T, v: &T| v.clone());
    // The first number is 0 at the references and 1 at the input: α. The second one tells the references apart.
    let references = array![[0.0, 1.0], [0.0, 2.0], [0.0, 3.0]];
    ExpectedGradients::new(&references).n(n).analyze(&model, &array![[1.0, 0.0]], 0)?;
    let seen = seen.lock().map(|seen| seen.clone()).unwrap_or_default();
    let between = seen.into_iter().filter(|&(alpha, _)| alpha > 0.0 && alpha < 1.0);
    Ok(between.map(|(alpha, at)| ((at / (1.0 - alpha)).round() - 1.0, alpha)).collect())
}
