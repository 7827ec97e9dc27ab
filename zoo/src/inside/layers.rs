//! What Captum's methods are called here.

use xai::{
    AtLayer, Backend, BoxAnalyzer, BoxModel, Deconvolution, DeepLift, DeepLiftShap, ExpectedGradients, GradCam,
    GuidedBackprop, InputTimesGradient, IntegratedGradients, InternalInfluence, LayerConductance, OverReferences,
    Product, Quadrature,
};

use super::Case;

/// How many points a path has, as on the Python side.
const STEPS: usize = 5;

/// How many gradients gradient SHAP takes, as on the Python side.
const DRAWS: usize = 6;

/// The counterpart of a method of Captum's.
pub(super) fn of_captum<B: Backend>(name: &str, place: &str, case: &Case) -> Option<BoxAnalyzer<BoxModel<'static, B>>> {
    let (references, first) = (case.references(), case.first_reference());
    let alone = case.first_reference_alone();
    let integrated = || IntegratedGradients::new().n(STEPS).quadrature(Quadrature::GaussLegendre);
    Some(match name {
        "deep_lift" => Box::new(DeepLift::new().reference(first)),
        "deep_lift_shap" => Box::new(DeepLiftShap::new(references)),
        "gradient_shap" => Box::new(ExpectedGradients::new(references).n(DRAWS)),
        "guided_backprop" => Box::new(GuidedBackprop::new()),
        "deconvolution" => Box::new(Deconvolution::new()),
        "guided_grad_cam" => Box::new(Product::new(GuidedBackprop::new(), GradCam::at(place))),
        "layer_gradient_x_activation" => Box::new(AtLayer::new(InputTimesGradient, place)),
        "layer_integrated_gradients" => Box::new(OverReferences::new(AtLayer::new(integrated(), place), &alone)),
        "layer_deep_lift" => Box::new(OverReferences::new(AtLayer::new(DeepLift::new(), place), &alone)),
        "internal_influence" => {
            let midpoints = InternalInfluence::at(place).n(STEPS).quadrature(Quadrature::Midpoint);
            Box::new(midpoints.reference(first))
        }
        // Captum takes one point more than it is told.
        "layer_conductance" => Box::new(LayerConductance::at(place).n(STEPS + 1).reference(first)),
        _ => return None,
    })
}
