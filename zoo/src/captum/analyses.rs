//! What Captum's methods are called here.

use ndarray::ArrayD;
use xai::{
    Analyzer, Backend, BoxModel, Element, Error, Explanation, GradCam, Gradient, InputTimesGradient,
    InterpolationAugmentation, MaxActivation, NoiseAugmentation, PerSample, Quadrature, Result,
};

use super::Case;
use crate::Replay;

/// What this library says where Captum said `method`, with a gradient of this kind; `place` finds the network's place
/// of a layer that Captum was given.
///
/// # Errors
/// [`Error::InvalidParameter`] for a method that has no counterpart, and the analyzers' and the network's own.
pub fn counterpart<B: Backend, G: Analyzer<BoxModel<'static, B>> + Clone>(
    method: &str,
    case: &Case,
    network: &BoxModel<'static, B>,
    gradient: G,
    place: impl Fn(&str) -> String,
) -> Result<ArrayD<f64>> {
    let (kind, detail) = method.split_once('.').unwrap_or((method, ""));
    let path = |n: usize| InterpolationAugmentation::new(gradient.clone(), n).reference(case.reference.clone());
    let integrated = |quadrature| path(case.steps).quadrature(quadrature);
    let run = |analyzer: &dyn Analyzer<BoxModel<'static, B>>| analyze(analyzer, case, network);
    match (kind, detail) {
        ("output", "") => {
            let found = Gradient.analyze(network, &case.input()?, MaxActivation)?;
            check_selection(case, &found)?;
            Ok(found.output.mapv(Element::as_f64))
        }
        ("saliency", "") => run(&Gradient),
        ("input_x_gradient", "") => run(&InputTimesGradient),
        ("saliency_mean", "") => run(&integrated(Quadrature::EndpointMean)),
        // Captum gives each of the n points a weight of 1 / n, half of that at the ends: (n - 1) / n in all. The rule
        // with weights that add up to 1 is n / (n - 1) times that.
        ("integrated_gradients", "riemann_trapezoid") => {
            #[allow(clippy::cast_precision_loss)]
            let n = case.steps as f64;
            Ok(run(&integrated(Quadrature::Trapezoid))? * ((n - 1.0) / n))
        }
        ("integrated_gradients", "riemann_middle") => run(&integrated(Quadrature::Midpoint)),
        ("integrated_gradients", "gausslegendre") => run(&integrated(Quadrature::GaussLegendre)),
        ("noise_tunnel", "saliency") => {
            let noise = NoiseAugmentation::new(gradient.clone(), case.copies());
            run(&noise.distribution(Replay::of(case.noise())).chunk(case.batch()))
        }
        // As many copies and points as the Python side takes for this one.
        ("noise_tunnel", "integrated_gradients") => {
            let midpoint = path(3).quadrature(Quadrature::Midpoint);
            run(&NoiseAugmentation::new(midpoint, 2).distribution(Replay::of(case.noise())).chunk(case.batch()))
        }
        ("layer_grad_cam" | "pytorch_grad_cam", layer) => run(&GradCam::at(place(layer))),
        _ => Err(Error::InvalidParameter {
            name: "method",
            value: method.to_owned(),
            reason: "it has no counterpart: add it here".into(),
        }),
    }
}

fn analyze<B: Backend>(
    analyzer: &dyn Analyzer<BoxModel<'static, B>>,
    case: &Case,
    network: &BoxModel<'static, B>,
) -> Result<ArrayD<f64>> {
    let found = Analyzer::analyze(&analyzer, network, &case.input()?, PerSample(case.target.clone()))?;
    Ok(found.values.mapv(Element::as_f64).into_dyn())
}

/// The greatest output here must be PyTorch's.
fn check_selection<E: Element>(case: &Case, found: &Explanation<E, ndarray::Ix4>) -> Result<()> {
    let chosen: Vec<usize> = found.selection.indices().iter().flatten().copied().collect();
    if chosen == case.target {
        return Ok(());
    }
    Err(Error::InvalidParameter {
        name: "target",
        value: format!("{chosen:?}"),
        reason: format!("PyTorch found {:?} the greatest outputs", case.target),
    })
}
