//! What Captum's methods are called here.

use ndarray::ArrayD;
use xai::{
    Analyzer, AnalyzerInfo, Backend, BoxModel, Element, Error, Explanation, Gradient, InterpolationAugmentation,
    MaxActivation, NoiseAugmentation, PerSample, Quadrature, Result, Settings,
};

use super::Case;
use crate::Replay;

/// A method of Captum's or of pytorch-grad-cam's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// What its array is called; if that ends with a dot, a layer follows.
    called: &'static str,
    here: Here,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Here {
    /// The analyzer of this name, as it comes.
    Analyzer(&'static str),
    /// What [`counterpart`] makes of several, in words.
    Made(&'static str),
}

const fn method(called: &'static str, here: Here) -> Method {
    Method { called, here }
}

/// All, in the order of tables.
pub const METHODS: [Method; 11] = [
    method("output", Here::Made("output")),
    method("saliency", Here::Analyzer("gradient")),
    method("input_x_gradient", Here::Analyzer("input-times-gradient")),
    method("saliency_mean", Here::Made("IntegratedGradients, EndpointMean")),
    method("integrated_gradients.riemann_trapezoid", Here::Made("IntegratedGradients, Trapezoid, times (n - 1) / n")),
    method("integrated_gradients.riemann_middle", Here::Made("IntegratedGradients, Midpoint")),
    method("integrated_gradients.gausslegendre", Here::Made("IntegratedGradients, GaussLegendre")),
    method("noise_tunnel.saliency", Here::Made("NoiseAugmentation(Gradient)")),
    method("noise_tunnel.integrated_gradients", Here::Made("NoiseAugmentation(IntegratedGradients, Midpoint)")),
    method("layer_grad_cam.", Here::Analyzer("grad-cam")),
    method("pytorch_grad_cam.", Here::Analyzer("grad-cam")),
];

impl Method {
    /// What its array is called; if that ends with a dot, a layer follows.
    pub fn called(&self) -> &'static str {
        self.called
    }

    /// What it is called here, for people.
    pub fn title(&self) -> &'static str {
        match self.here {
            Here::Analyzer(name) => AnalyzerInfo::find(name).map_or(name, |info| info.title),
            Here::Made(words) => words,
        }
    }

    /// True when an array of this name is its own.
    pub fn gave(&self, name: &str) -> bool {
        self.layer(name).is_some()
    }

    /// The layer that follows in the name of an array of its own, or nothing.
    fn layer<'a>(&self, name: &'a str) -> Option<&'a str> {
        name.strip_prefix(self.called).filter(|rest| rest.is_empty() || self.called.ends_with('.'))
    }
}

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
    let as_it_comes = |known: &Method| match known.here {
        Here::Analyzer(name) => Some((name, known.layer(method)?)),
        Here::Made(_) => None,
    };
    if let Some((name, layer)) = METHODS.iter().find_map(as_it_comes) {
        let settings = if layer.is_empty() { Settings::new() } else { Settings::new().place(place(layer)) };
        return analyze(&*AnalyzerInfo::find(name)?.build(&settings)?, case, network);
    }
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
