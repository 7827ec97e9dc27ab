//! What is drawn at random here, so that a peer can be given the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ndarray::{ArcArray, Array3, ArrayD, Axis, IxDyn, array};
use xai::nn::{Flatten, Identity, Sequential};
use xai::{Analyzer, Error, ExpectedGradients, Function, NdArray, RandomCam, Result};

type T = ArcArray<f64, IxDyn>;

/// That the Python side, which wrote `draws` and `weights`, gave Captum what [`ExpectedGradients`] draws, and
/// pytorch-grad-cam what [`RandomCam`] does.
///
/// # Errors
/// What is drawn, where that is something else; and the analyzers' own.
pub fn check_draws(mut arrays: BTreeMap<String, ArrayD<f64>>) -> Result<()> {
    let mut written = |name: &str| arrays.remove(name).unwrap_or_default();
    let (draws_there, weights_there) = (written("draws"), written("weights"));
    let drawn = draws(draws_there.shape().first().copied().unwrap_or(0))?;
    check("DRAWS", &draws_there, &drawn.iter().flat_map(|&(reference, alpha)| [reference, alpha]).collect::<Vec<_>>())?;
    check("WEIGHTS", &weights_there, &weights(weights_there.len())?)
}

fn check(name: &'static str, written: &ArrayD<f64>, drawn: &[f64]) -> Result<()> {
    if written.len() == drawn.len() && written.iter().zip(drawn).all(|(a, b)| (a - b).abs() < 1e-12) {
        return Ok(());
    }
    Err(Error::InvalidParameter {
        name,
        value: format!("{written:?}"),
        reason: format!("here {drawn:?} are drawn: compare/python/inside must have the same"),
    })
}

/// The weights of so many channels with seed 0: the map of maps of which each has a 1 at a place of its own.
fn weights(channels: usize) -> Result<Vec<f64>> {
    let model = Sequential::<NdArray<f64>>::new().push_named("maps", Identity).push(Flatten::default());
    let maps = Array3::from_shape_fn((1, channels, channels), |(_, k, i)| if k == i { 1.0 } else { 0.0 });
    let found = RandomCam::at("maps").signed().analyze(&model, &maps, 0)?;
    Ok(found.values.iter().copied().collect())
}

/// Which of three references, and where on the path from it, for `n` draws with seed 0: as a model sees them.
fn draws(n: usize) -> Result<Vec<(f64, f64)>> {
    let seen: Arc<Mutex<Vec<(f64, f64)>>> = Arc::default();
    let sees = Arc::clone(&seen);
    let forward = move |x: &T| {
        let rows = x.axis_iter(Axis(0)).map(|row| (row[0], row[1]));
        if let Ok(mut seen) = sees.lock() {
            seen.extend(rows);
        }
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
