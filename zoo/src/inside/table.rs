//! All lines, in the order of tables.

use xai::{Error, Result};

use super::lines::{Line, Stands};

const OWN: &str = "zennit's canoniser leaves a norm behind that divides by the root of 1 + ε, and its rule of sums and \
                   means divides by them and 1e-6, which grows with the depth: the next line is without";

const STEP: &str = "second derivatives by finite differences here, with a step of 1e-4";

/// What the stabiliser of 1e-6 keeps at a first layer.
const FIRST: [f64; 2] = [1e-4, 1e-5];

/// Of a finite difference with a step of 1e-4, rounding in 32 bits, and the square of the step.
const DIFFERENCE: [f64; 2] = [1e-2, 1e-6];

/// All, in the order of tables.
pub const LINES: [Line; 76] = [
    Line::new("zennit.canonised_output", "the output, canonised by zennit", "the output")
        .at_fault("the norm that is left behind divides by the root of 1 + ε; a canoniser must not change the output"),
    Line::new("zennit.zero", "zennit Epsilon(0)", "Lrp, Zero"),
    Line::new("zennit.epsilon", "zennit Epsilon(0.01)", "Lrp, Epsilon"),
    Line::new("zennit.gamma", "zennit Gamma", "Lrp, Gamma"),
    Line::new("zennit.alpha_beta", "zennit AlphaBeta", "Lrp, AlphaBeta"),
    Line::new("zennit.z_plus", "zennit ZPlus", "Lrp, ZPlus"),
    Line::new("zennit.z_box", "zennit ZBox", "Lrp, ZBox first"),
    Line::new("zennit.flat", "zennit Flat", "Lrp, Flat first"),
    Line::new("zennit.w_square", "zennit WSquare", "Lrp, WSquare first")
        .at_fault(
            "zennit squares the bias too and gives it a share that is lost; the rule hands on as much as the flat rule",
        )
        .bounded(FIRST),
    Line::new("zennit.w_square.without_biases", "zennit WSquare, biases zeroed", "Lrp, WSquare first"),
    Line::new("zennit.epsilon_plus", "zennit EpsilonPlus", "Composite::epsilon_plus").otherwise(OWN),
    Line::new("zennit.epsilon_plus.shares", "zennit EpsilonPlus, on equal terms", "Composite::epsilon_plus"),
    Line::new("zennit.epsilon_plus_flat", "zennit EpsilonPlusFlat", "Composite::epsilon_plus_flat").otherwise(OWN),
    Line::new(
        "zennit.epsilon_plus_flat.shares",
        "zennit EpsilonPlusFlat, on equal terms",
        "Composite::epsilon_plus_flat",
    ),
    Line::new("zennit.epsilon_alpha2_beta1", "zennit EpsilonAlpha2Beta1", "Composite::epsilon_alpha2_beta1")
        .otherwise(OWN),
    Line::new(
        "zennit.epsilon_alpha2_beta1.shares",
        "zennit EpsilonAlpha2Beta1, on equal terms",
        "Composite::epsilon_alpha2_beta1",
    ),
    Line::new(
        "zennit.epsilon_alpha2_beta1_flat",
        "zennit EpsilonAlpha2Beta1Flat",
        "Composite::epsilon_alpha2_beta1_flat",
    )
    .otherwise(OWN),
    Line::new(
        "zennit.epsilon_alpha2_beta1_flat.shares",
        "zennit EpsilonAlpha2Beta1Flat, on equal terms",
        "Composite::epsilon_alpha2_beta1_flat",
    ),
    Line::new("zennit.epsilon_gamma_box", "zennit EpsilonGammaBox", "Composite::epsilon_gamma_box").otherwise(OWN),
    Line::new(
        "zennit.epsilon_gamma_box.shares",
        "zennit EpsilonGammaBox, on equal terms",
        "Composite::epsilon_gamma_box",
    ),
    Line::new("zennit.excitation_backprop", "zennit ExcitationBackprop", "ExcitationBackprop").otherwise(
        "zennit gives biases a share, and takes the gradient of activations: a walk of Zhang et al. does neither",
    ),
    Line::new(
        "zennit.excitation_backprop.without_biases",
        "zennit ExcitationBackprop, biases zeroed, activations passed",
        "ExcitationBackprop",
    ),
    Line::new("zennit.guided_backprop", "zennit GuidedBackprop", "GuidedBackprop"),
    Line::new("zennit.deconvolution", "zennit DeconvNet", "Deconvolution"),
    Line::new("captum.guided_backprop", "Captum GuidedBackprop", "GuidedBackprop"),
    Line::new("captum.deconvolution", "Captum Deconvolution", "Deconvolution"),
    Line::new("captum.guided_grad_cam", "Captum GuidedGradCam, bilinear", "Product(GuidedBackprop, GradCam)"),
    Line::new("captum.deep_lift", "Captum DeepLift", "DeepLift"),
    Line::new("captum.deep_lift.beside_pools", "Captum DeepLift, with max pools", "DeepLift").at_fault(
        "a rectifier in front of a pool takes the gradient before the pool's rule, and where windows overlap that rule \
         puts one number in another's place; values add up to the change of the output",
    ),
    Line::new("captum.deep_lift.pools_along_the_way", "Captum DeepLift, pools apart and as here", "DeepLift"),
    Line::new("captum.deep_lift_shap", "Captum DeepLiftShap, pools as here", "DeepLiftShap"),
    Line::new("captum.gradient_shap", "Captum GradientShap, with draws as here", "ExpectedGradients"),
    Line::new("captum.layer_gradient_x_activation", "Captum LayerGradientXActivation", "AtLayer(InputTimesGradient)"),
    Line::new(
        "captum.layer_integrated_gradients",
        "Captum LayerIntegratedGradients",
        "OverReferences(AtLayer(IntegratedGradients))",
    ),
    Line::new("captum.layer_deep_lift", "Captum LayerDeepLift, pools as here", "OverReferences(AtLayer(DeepLift))"),
    Line::new("captum.internal_influence", "Captum InternalInfluence, riemann_middle", "InternalInfluence, Midpoint"),
    Line::new("captum.layer_conductance", "Captum LayerConductance", "LayerConductance").at_fault(
        "Captum multiplies each step by the gradient at its beginning; conductance adds up to the change of the output",
    ),
    Line::new(
        "captum.layer_conductance.linear_behind",
        "Captum LayerConductance, behind it all linear",
        "LayerConductance",
    ),
    Line::new("hand.grad_cam", "by hand, mean and linear layer behind", "GradCam"),
    Line::new("hand.x_grad_cam", "by hand, mean and linear layer behind", "XGradCam"),
    Line::new("hand.hi_res_cam", "by hand, mean and linear layer behind", "HiResCam"),
    Line::new("hand.layer_cam", "by hand, mean and linear layer behind", "LayerCam"),
    Line::new("hand.ablation_cam", "by hand, mean and linear layer behind", "AblationCam"),
    Line::new("grad_cam.grad_cam", "pytorch-grad-cam GradCAM", "GradCam"),
    Line::new("grad_cam.grad_cam.eigen_smooth", "GradCAM, eigen_smooth, up to the sign", "GradCam, eigen_smooth"),
    Line::new("grad_cam.grad_cam_plus_plus", "pytorch-grad-cam GradCAMPlusPlus", "GradCamPlusPlus").at_fault(
        "it adds 1e-6 to 2 G² + S G³, which is much for small gradients; the formula itself, evaluated in 64 bits",
    ),
    Line::new("grad_cam.x_grad_cam", "pytorch-grad-cam XGradCAM", "XGradCam"),
    Line::new("grad_cam.hi_res_cam", "pytorch-grad-cam HiResCAM", "HiResCam"),
    Line::new("grad_cam.layer_cam", "pytorch-grad-cam LayerCAM", "LayerCam"),
    Line::new("grad_cam.element_wise_cam", "pytorch-grad-cam GradCAMElementWise", "ElementWiseCam"),
    Line::new("grad_cam.fem", "pytorch-grad-cam FEM", "Fem"),
    Line::new("grad_cam.eigen_cam", "pytorch-grad-cam EigenCAM, up to the sign", "EigenCam"),
    Line::new("grad_cam.eigen_grad_cam", "pytorch-grad-cam EigenGradCAM, up to the sign", "EigenGradCam"),
    Line::new("grad_cam.seg_eigen_cam", "pytorch-grad-cam SegEigenCAM, up to the sign", "a CamRule, eigen_smooth"),
    Line::new("grad_cam.random_cam", "pytorch-grad-cam RandomCAM, weights as here", "RandomCam"),
    Line::new("grad_cam.shapley_cam", "pytorch-grad-cam ShapleyCAM", "ShapleyCam").noted(STEP).bounded(DIFFERENCE),
    Line::new("grad_cam.shapley_cam.log_probability", "ShapleyCAM of a log-probability", "ShapleyCam")
        .noted(STEP)
        .bounded(DIFFERENCE),
    Line::new("grad_cam.finer_cam", "pytorch-grad-cam FinerCAM", "GradCam, Finer").otherwise(
        "the gradient goes through the weights of the other classes too, which here are constant as in the next line",
    ),
    Line::new("grad_cam.finer_cam.constant_weights", "FinerCAM, weights constant", "GradCam, Finer"),
    Line::new("grad_cam.ablation_cam", "pytorch-grad-cam AblationCAM", "AblationCam, normalised"),
    Line::new("grad_cam.ablation_cam.signed_maps", "AblationCAM, maps of either sign", "AblationCam, normalised")
        .at_fault("absent is 10⁷ below the lowest number there, in the paper 0: then y - yₖ = Wₖ · mean Aₖ here"),
    Line::new("grad_cam.score_cam", "pytorch-grad-cam ScoreCAM", "ScoreCam")
        .otherwise("maps resized corner to corner, images from centre to centre, as here and in the next line"),
    Line::new("grad_cam.score_cam.resized_as_images", "ScoreCAM, maps resized as images", "ScoreCam"),
    Line::new("grad_cam.full_grad", "pytorch-grad-cam FullGrad", "FullGrad")
        .otherwise("each channel stretched by itself; by its authors, here and in the next line, a sample as a whole"),
    Line::new("grad_cam.full_grad.whole_samples", "FullGrad, samples stretched as a whole", "FullGrad"),
    Line::new("grad_cam.guided_backprop", "pytorch-grad-cam GuidedBackpropReLUModel", "GuidedBackprop"),
    Line::new("torchcam.cam", "torchcam CAM", "GradCam, times the places"),
    Line::new("torchcam.grad_cam_plus_plus", "torchcam GradCAMpp", "GradCamPlusPlus").at_fault(
        "it divides a copy (`alpha[mask].div_`), so that α stays G²; the formula itself, evaluated in 64 bits",
    ),
    Line::new("torchcam.x_grad_cam", "torchcam XGradCAM", "XGradCam"),
    Line::new("torchcam.layer_cam", "torchcam LayerCAM", "LayerCam"),
    Line::new("torchcam.finer_cam", "torchcam FinerCAM, γ 0.6", "GradCam of weighted outputs"),
    Line::new("torchcam.score_cam", "torchcam ScoreCAM", "ScoreCam")
        .otherwise("masks stretched to [0, 1] before they are resized, in the paper, here and in the next line after"),
    Line::new("torchcam.score_cam.stretched_after", "ScoreCAM, masks stretched after", "ScoreCam"),
    Line::new("lxt.attn_lrp", "lxt.explicit, each rule's ε", "Lrp, Epsilon")
        .otherwise("lxt adds ε whatever the sign, and in sums, products and norms too; the next line has 1e-12"),
    Line::new("lxt.attn_lrp.barely_stabilised", "lxt.explicit, ε 1e-12", "Lrp, Epsilon"),
    Line::new("lxt.one_unit", "lxt.explicit linear_epsilon, z = -1.0001e-6", "Lrp, Epsilon")
        .at_fault("lxt divides by z + ε, which is near 0 for z near -ε; by hand, z² / (z + ε · sign z)"),
];

/// The line of an array of this name.
///
/// # Errors
/// [`Error::InvalidParameter`] for one that has none.
pub fn line_of(name: &str) -> Result<&'static Line> {
    LINES.iter().find(|line| line.gave(name)).ok_or_else(|| Error::InvalidParameter {
        name: "method",
        value: name.to_owned(),
        reason: "the table has no line for it".into(),
    })
}

/// The array that is held in place of one of this name, at the same place: that of the line after it, on equal terms.
///
/// # Errors
/// As [`line_of`], and for a line that is held itself, or behind which there is none of the same method that is.
pub fn next_of(name: &str) -> Result<String> {
    let line = line_of(name)?;
    let next = LINES.iter().skip_while(|other| other.called != line.called).nth(1);
    let same = |next: &&Line| line.stands == Stands::ToNext && next.stands != Stands::ToNext && next.here == line.here;
    let next = next.filter(same).ok_or_else(|| Error::InvalidParameter {
        name: "method",
        value: name.to_owned(),
        reason: "the line after it in the table is none that is held in its place".into(),
    })?;
    Ok(name.replacen(line.called, next.called, 1))
}

#[cfg(test)]
mod tests {
    use super::{LINES, Stands, next_of};

    #[test]
    fn what_is_held_to_nothing_has_a_line_that_is_held() {
        for line in LINES {
            assert_eq!(next_of(line.called).is_ok(), line.stands == Stands::ToNext, "{}", line.called);
        }
        let next = next_of("grad_cam.score_cam@a.1").ok();
        assert_eq!(next.as_deref(), Some("grad_cam.score_cam.resized_as_images@a.1"));
    }
}
