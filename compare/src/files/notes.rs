//! Bounds that are others than the columns' own, with the reason, and where the peer is wrong.

use ndarray::Array1;
use xai::Result;
use xai_zoo::captum::Difference;
use xai_zoo::exported::Exported;

use crate::peers::Column;

/// Networks of rectifiers.
const KINKED: [&str; 2] = ["mini_resnet", "resnet18"];

/// What takes no gradient, or one that kinks hardly change.
const STEADY: [&str; 8] = [
    "output",
    "onnxruntime.",
    "feature_ablation",
    "occlusion",
    "shapley_values",
    "deep_lift_total",
    "layer_deep_lift.",
    "layer_grad_cam.",
];

/// At a kink of a relu a rounding error decides on a gradient, and 32 bits round otherwise here: candle has kernels of
/// its own, and files have norms merged into the weights of convolutions. The same line has 64 bits beside it, where
/// nothing of that is left.
fn kinked(name: &str, network: &str, column: Column) -> bool {
    let of = |network: &str, name: &str| network.split(',').next() == Some(name);
    column.precision() == "f32"
        && KINKED.iter().any(|kinked| of(network, kinked))
        && !STEADY.iter().any(|steady| name.starts_with(steady))
}

/// How far Captum's conductance with 25 steps is from that with 50, for an array of either.
fn between_steps(name: &str, case: &Exported) -> Result<Option<f64>> {
    let Some(rest) = name.strip_prefix("layer_conductance") else { return Ok(None) };
    let module = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let of = |steps: usize| case.array(&format!("f64.layer_conductance{steps}{module}"));
    Ok(Some(Difference::between(of(25)?, of(50)?).relative))
}

/// Another bound than the column's own, for the array of this name.
///
/// # Errors
/// An array that is missing.
pub(super) fn bound(name: &str, network: &str, column: Column, case: &Exported) -> Result<Option<f64>> {
    if let Some(own) = between_steps(name, case)? {
        // Where halving the steps halves what Captum is off, that is its distance to the integral with 50 steps, and
        // half of it with 25. As much is left for the steps here.
        let times = if name.starts_with("layer_conductance25") { 4.0 } else { 2.0 };
        // Behind a place where all is linear they are the same, but for rounding.
        return Ok(Some((times * own).max(column.bound())));
    }
    Ok(kinked(name, network, column).then_some(1e-2))
}

/// What stands behind a line's numbers.
///
/// # Errors
/// An array that is missing.
pub(super) fn note(name: &str, network: &str, case: &Exported) -> Result<String> {
    if name == "deep_lift_total" {
        let (values, change) = (case.array("captum.deep_lift")?, case.array("f64.deep_lift_total")?);
        let sums = values.outer_iter().map(|sample| sample.sum()).collect::<Array1<f64>>().into_dyn();
        let off = Difference::between(&sums, change).relative;
        return Ok(format!(
            "Captum's values add up to something else, by {off:.1e}: a number that is the greatest of several windows \
             of the first pool gets the part of one of them alone"
        ));
    }
    if let Some(own) = between_steps(name, case)? {
        return Ok(format!(
            "Two rules for one integral: Captum takes gradients at the ends of steps, here they are secants. Captum's \
             own 25 and 50 steps are {own:.1e} apart"
        ));
    }
    if kinked(name, network, Column::CandleSingle) {
        return Ok("In 32 bits rounding decides at kinks of relus: bound 1e-2, where 64 bits agree".into());
    }
    Ok(String::new())
}
