//! What this library says where another one did.

use ndarray::{ArrayD, ArrayViewD};
use xai::{
    Analyzer, Backend, BoxAnalyzer, BoxModel, Element, Error, Finer, Functional, Gradient, LogProbability,
    OutputSelector, PerSample, Result,
};

use super::Case;
use super::layers::of_captum;
use super::maps::of_cams;
use super::relevance::{of_lxt, of_zennit};

/// What this library says where another one said what has this name; `place` finds the network's place of a layer of
/// the other's.
///
/// # Errors
/// [`Error::InvalidParameter`] for a name that has no counterpart, and the analyzers' and the network's own.
pub fn counterpart<B: Backend>(
    name: &str,
    case: &Case,
    network: &BoxModel<'static, B>,
    place: impl Fn(&str) -> String,
) -> Result<ArrayD<f64>> {
    let (method, at) = name.split_once('@').unwrap_or((name, ""));
    let at = place(at);
    let mut parts = method.splitn(3, '.');
    let [library, method, detail] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let target = PerSample(case.target.clone());
    if (library, method) == ("zennit", "canonised_output") {
        return Ok(Gradient.analyze(network, &case.input::<B::Elem>(), target)?.output.mapv(Element::as_f64));
    }
    let found: Option<BoxAnalyzer<BoxModel<'static, B>>> = match library {
        "zennit" => of_zennit(method),
        "captum" => of_captum(method, &at, case),
        "grad_cam" | "torchcam" => of_cams(method, detail, &at),
        "hand" => of_cams(method, "by_hand", &at),
        "lxt" => of_lxt(method, detail == "barely_stabilised"),
        _ => None,
    };
    let analyzer = found.ok_or_else(|| Error::InvalidParameter {
        name: "method",
        value: name.to_owned(),
        reason: "it has no counterpart: add it here".into(),
    })?;
    match (library, method, detail) {
        ("grad_cam", "finer_cam", _) => analyze(&analyzer, case, network, Finer::new(target)),
        ("grad_cam", "shapley_cam", "log_probability") => analyze(&analyzer, case, network, LogProbability(target)),
        ("torchcam", "finer_cam", _) => {
            let weights = case.weights()?.mapv(B::Elem::of);
            analyze(&analyzer, case, network, Functional(move |_: ArrayViewD<'_, B::Elem>| Ok(weights.clone())))
        }
        // The weights themselves, of which a gradient behind the mean over the places is a part.
        ("torchcam", "cam", _) => {
            let map = analyze(&analyzer, case, network, target)?;
            #[allow(clippy::cast_precision_loss)] // no map is so large
            let places = map.shape().iter().skip(2).product::<usize>() as f64;
            Ok(map * places)
        }
        _ => analyze(&analyzer, case, network, target),
    }
}

fn analyze<B: Backend>(
    analyzer: &BoxAnalyzer<BoxModel<'static, B>>,
    case: &Case,
    network: &BoxModel<'static, B>,
    select: impl OutputSelector<B::Elem>,
) -> Result<ArrayD<f64>> {
    let found = Analyzer::analyze(analyzer, network, &case.input::<B::Elem>(), select)?;
    Ok(found.values.mapv(Element::as_f64))
}
