//! What Captum's methods are called here.

use ndarray::{Array1, ArrayD};
use xai::{
    AtLayer, Deconvolution, DeepLift, Differentiable, Error, ExactShapley, FeatureAblation, Features, Fill, GradCam,
    Gradient, GuidedBackprop, InputTimesGradient, IntegratedGradients, InternalInfluence, LayerConductance, Moment,
    NoiseAugmentation, Occlusion, OverReferences, PerSample, Quadrature, Result, UpTo,
};

use super::Exported;
use super::case::whole;
use crate::Replay;

/// A method of Captum's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// What its array is called; if that ends with a dot, a module follows.
    pub called: &'static str,
    /// In Captum.
    pub peer: &'static str,
    /// What it is called here.
    pub here: &'static str,
}

const fn method(called: &'static str, peer: &'static str, here: &'static str) -> Method {
    Method { called, peer, here }
}

/// All, in the order of tables.
pub const METHODS: [Method; 24] = [
    method("output", "PyTorch", "output"),
    method("saliency", "Saliency", "Gradient"),
    method("input_x_gradient", "InputXGradient", "InputTimesGradient"),
    method("integrated_gradients.riemann_trapezoid", "IntegratedGradients, trapezoid", "Trapezoid, times (n - 1) / n"),
    method("integrated_gradients.riemann_middle", "IntegratedGradients, middle", "IntegratedGradients, Midpoint"),
    method("integrated_gradients.gausslegendre", "IntegratedGradients", "IntegratedGradients, GaussLegendre"),
    method("noise_tunnel.smoothgrad", "NoiseTunnel(Saliency)", "NoiseAugmentation(Gradient)"),
    method("noise_tunnel.smoothgrad_sq", "NoiseTunnel, squares", "NoiseAugmentation, Moment::Square"),
    method("noise_tunnel.vargrad", "NoiseTunnel, variance", "Moment::Variance, times (n - 1) / n"),
    method("guided_backprop", "GuidedBackprop", "GuidedBackprop"),
    method("deconvolution", "Deconvolution", "Deconvolution"),
    method("deep_lift_total", "f(x) - f(x₀)", "DeepLift, added up"),
    method("occlusion", "Occlusion", "Occlusion"),
    method("feature_ablation", "FeatureAblation", "FeatureAblation"),
    method("shapley_values", "ShapleyValues", "ExactShapley"),
    method("neuron_gradient.", "NeuronGradient", "Gradient of UpTo"),
    method("layer_gradient_x_activation.", "LayerGradientXActivation", "AtLayer(InputTimesGradient)"),
    method("layer_integrated_gradients.", "LayerIntegratedGradients", "OverReferences(AtLayer(IntegratedGradients))"),
    method("layer_deep_lift.", "LayerDeepLift, one by one", "OverReferences(AtLayer(DeepLift))"),
    method("layer_grad_cam.", "LayerGradCam", "GradCam"),
    method("internal_influence.", "InternalInfluence", "InternalInfluence"),
    method("layer_conductance25.", "LayerConductance there and back, n = 25", "LayerConductance, n = 25"),
    method("layer_conductance50.", "LayerConductance there and back, n = 50", "LayerConductance, n = 50"),
    method("onnxruntime.", "onnxruntime", "output"),
];

impl Method {
    /// The module in the name of an array of its own: nothing where it explains the input. None for others' arrays.
    pub fn module<'a>(&self, name: &'a str) -> Option<&'a str> {
        name.strip_prefix(self.called).filter(|rest| rest.is_empty() || self.called.ends_with('.'))
    }

    /// The method that gave an array.
    pub fn of(name: &str) -> Option<&'static Method> {
        METHODS.iter().find(|method| method.module(name).is_some())
    }
}

fn inside<A>(analyzer: A, place: &str, case: &Exported) -> Result<OverReferences<AtLayer<A>>> {
    Ok(OverReferences::new(AtLayer::new(analyzer, place), &case.references()?))
}

/// What this library says where Captum said `name`, about a network out of an exporter's file.
///
/// # Errors
/// [`Error::InvalidParameter`] for a method that has no counterpart, and the analyzers' and the network's own.
pub fn counterpart<M: Differentiable>(name: &str, case: &Exported, exporter: &str, model: &M) -> Result<ArrayD<f64>> {
    let unknown = || Error::InvalidParameter {
        name: "method",
        value: name.to_owned(),
        reason: "it has no counterpart: add it here".into(),
    };
    let method = Method::of(name).ok_or_else(unknown)?;
    let module = method.module(name).unwrap_or_default();
    if method.called == "onnxruntime." {
        return case.output(model);
    }
    if module.is_empty() {
        return of_input(method.called, case, model)?.ok_or_else(unknown);
    }
    of_place(method.called, module, case, case.place(exporter, module)?, model)?.ok_or_else(unknown)
}

fn of_input<M: Differentiable>(called: &str, case: &Exported, model: &M) -> Result<Option<ArrayD<f64>>> {
    let to = &case.selection();
    let reference = || case.reference();
    let path = |quadrature| -> Result<_> {
        Ok(IntegratedGradients::new().n(case.steps).quadrature(quadrature).reference(reference()?))
    };
    let (noise, rows) = (case.array("noise")?, case.target.len());
    let copies = noise.shape()[0];
    let tunnel = |moment| {
        let noisy = NoiseAugmentation::new(Gradient, copies).moment(moment);
        case.analyze(&noisy.distribution(Replay::of(noise.iter().copied())).chunk(rows), model, to)
    };
    #[allow(clippy::cast_precision_loss)]
    let less_one = |n: usize| (n as f64 - 1.0) / n as f64;
    let fill = || -> Result<Fill> { Ok(Fill::Reference(reference()?)) };
    Ok(Some(match called {
        "output" => case.output(model)?,
        "saliency" => case.analyze(&Gradient, model, to)?,
        "input_x_gradient" => case.analyze(&InputTimesGradient, model, to)?,
        // Captum's weights add up to (n - 1) / n, those here to 1.
        "integrated_gradients.riemann_trapezoid" => {
            case.analyze(&path(Quadrature::Trapezoid)?, model, to)? * less_one(case.steps)
        }
        "integrated_gradients.riemann_middle" => case.analyze(&path(Quadrature::Midpoint)?, model, to)?,
        "integrated_gradients.gausslegendre" => case.analyze(&path(Quadrature::GaussLegendre)?, model, to)?,
        "noise_tunnel.smoothgrad" => tunnel(Moment::Mean)?,
        "noise_tunnel.smoothgrad_sq" => tunnel(Moment::Square)?,
        // Captum divides by n, where the variance without bias is by n - 1.
        "noise_tunnel.vargrad" => tunnel(Moment::Variance)? * less_one(copies),
        "guided_backprop" => case.analyze(&GuidedBackprop::new(), model, to)?,
        "deconvolution" => case.analyze(&Deconvolution::new(), model, to)?,
        "deep_lift_total" => {
            let values = case.analyze(&DeepLift::new().reference(reference()?), model, to)?;
            values.outer_iter().map(|sample| sample.sum()).collect::<Array1<f64>>().into_dyn()
        }
        "occlusion" => {
            let sides = || case.array("input").map(|x| x.shape()[2..].to_vec());
            let parts = |n: usize| -> Result<Vec<usize>> { Ok(sides()?.iter().map(|side| side / n).collect()) };
            case.analyze(&Occlusion::new(parts(4)?).stride(parts(8)?).fill(fill()?), model, to)?
        }
        "feature_ablation" => {
            let features = Features::segments(&case.features(usize::MAX)?);
            case.analyze(&FeatureAblation::new().features(features).fill(fill()?), model, to)?
        }
        "shapley_values" => {
            let features = Features::segments(&case.features(4)?);
            case.analyze(&ExactShapley::new().features(features).fill(fill()?), model, to)?
        }
        _ => return Ok(None),
    }))
}

fn of_place<M: Differentiable>(
    called: &str,
    module: &str,
    case: &Exported,
    place: &str,
    model: &M,
) -> Result<Option<ArrayD<f64>>> {
    let to = &case.selection();
    let conductance =
        |n| -> Result<_> { case.analyze(&LayerConductance::at(place).n(n).reference(case.reference()?), model, to) };
    Ok(Some(match called {
        "neuron_gradient." => {
            let at: Vec<usize> = case.array(&format!("neuron.{module}"))?.iter().map(|&index| whole(index)).collect();
            let selection = PerSample(vec![at; case.target.len()]);
            case.analyze(&Gradient, &UpTo::new(model, place), &selection)?
        }
        "layer_gradient_x_activation." => case.analyze(&AtLayer::new(InputTimesGradient, place), model, to)?,
        "layer_integrated_gradients." => {
            let path = IntegratedGradients::new().n(case.steps).quadrature(Quadrature::GaussLegendre);
            case.analyze(&inside(path, place, case)?, model, to)?
        }
        "layer_deep_lift." => case.analyze(&inside(DeepLift::new(), place, case)?, model, to)?,
        "layer_grad_cam." => case.analyze(&GradCam::at(place), model, to)?,
        "internal_influence." => {
            let influence = InternalInfluence::at(place).n(case.steps).quadrature(Quadrature::Midpoint);
            case.analyze(&influence.reference(case.reference()?), model, to)?
        }
        "layer_conductance25." => conductance(25)?,
        "layer_conductance50." => conductance(50)?,
        _ => return Ok(None),
    }))
}
