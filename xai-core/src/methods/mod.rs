//! The analyzers, one file each; wrappers among them.
//!
//! What a new one adds here: its module, its name for users, and its entry in the list at the end, from which command
//! lines, conformance suite and benchmarks take it. [`AnalyzerInfo`] says what an entry tells.

mod ablation_cam;
mod adaptive;
mod at_layer;
mod at_layers;
mod at_references;
mod attention_matrices;
mod attention_relevance;
mod attention_rollout;
mod beta_smooth;
mod blur;
mod blur_ig;
mod cam;
mod coalition_draws;
mod coalitions;
mod conductance;
mod crp;
mod curve;
mod deep_lift;
mod deep_lift_shap;
mod eigen_cam;
mod exact_shapley;
mod excitation;
mod expected_gradients;
mod feature_ablation;
mod feature_tree;
mod fem;
mod flat_rows;
mod flips;
mod from_reference;
mod full_grad;
mod gauss_legendre;
mod grad_cam;
mod grad_cam_plus_plus;
mod gradient;
mod grading;
mod guided;
mod guided_ig;
mod guided_walk;
mod hi_res_cam;
mod hsic;
mod idgi;
mod integrated_gradients;
mod internal_influence;
mod interpolation;
mod kernel_regression;
mod kernel_shap;
mod layer_path;
mod lime;
mod lime_fit;
mod lrp;
mod masking;
mod moment;
mod moments;
mod noise;
mod noise_law;
mod occlusion;
mod over_references;
mod owen;
mod path_integral;
mod path_settings;
mod permutation_importance;
mod product;
mod quadrature;
mod random_cam;
mod reference_set;
mod region_growing;
mod regions;
mod registry;
mod rise;
mod rise_masks;
mod sampling;
mod score_cam;
mod secant;
mod seg_x_res_cam;
mod settings;
mod shapley_cam;
mod shapley_sampling;
mod smooth_grad;
mod smooth_grad_squared;
mod sobol_indices;
mod sobol_shares;
mod strata;
mod tolerance;
mod var_grad;
mod walk;
mod walk_settings;
mod weighted;
mod xrai;

pub use self::ablation_cam::AblationCam;
pub use self::at_layer::{AtLayer, Behind};
pub use self::at_layers::AtLayers;
pub use self::attention_matrices::Heads;
pub use self::attention_relevance::AttentionRelevance;
pub use self::attention_rollout::{AttentionRollout, RawAttention};
pub use self::beta_smooth::BetaSmooth;
pub use self::blur::{Blur, Edge};
pub use self::blur_ig::BlurIg;
pub use self::cam::{AtMark, AtPlaces, Cam, CamPlaces, CamRule, CamSite, Fusion};
pub use self::conductance::LayerConductance;
pub use self::crp::Crp;
pub use self::curve::{Curve, StraightLine};
pub use self::deep_lift::DeepLift;
pub use self::deep_lift_shap::DeepLiftShap;
pub use self::eigen_cam::{EigenCam, EigenGradCam};
pub use self::exact_shapley::ExactShapley;
pub use self::excitation::ExcitationBackprop;
pub use self::expected_gradients::{ExpectedGradients, GradientShap};
pub use self::feature_ablation::FeatureAblation;
pub use self::feature_tree::FeatureTree;
pub use self::fem::Fem;
pub use self::flips::FlipsAndScales;
pub use self::from_reference::FromReference;
pub use self::full_grad::{FullGrad, FullGradients};
pub use self::grad_cam::GradCam;
pub use self::grad_cam_plus_plus::{GradCamPlusPlus, XGradCam};
pub use self::gradient::{Gradient, InputTimesGradient};
pub use self::guided::{Deconvolution, GuidedBackprop};
pub use self::guided_ig::GuidedIg;
pub use self::hi_res_cam::{ElementWiseCam, HiResCam, LayerCam};
pub use self::hsic::Hsic;
pub use self::idgi::Idgi;
pub use self::integrated_gradients::IntegratedGradients;
pub use self::internal_influence::InternalInfluence;
pub use self::interpolation::InterpolationAugmentation;
pub use self::kernel_shap::KernelShap;
pub use self::lime::Lime;
pub use self::lrp::Lrp;
pub use self::moment::Moment;
pub use self::noise::NoiseAugmentation;
pub use self::occlusion::Occlusion;
pub use self::over_references::OverReferences;
pub use self::owen::Owen;
pub use self::path_integral::PathIntegral;
pub use self::permutation_importance::{Importance, PermutationImportance};
pub use self::product::Product;
pub use self::quadrature::Quadrature;
pub use self::random_cam::RandomCam;
pub use self::reference_set::ReferenceSet;
pub use self::registry::{AnalyzerInfo, BoxAnalyzer, BoxAnyAnalyzer, Needs};
pub use self::rise::{Rise, RiseEstimate};
pub use self::score_cam::{CamScores, ScoreCam};
pub use self::seg_x_res_cam::SegXResCam;
pub use self::settings::Settings;
pub use self::shapley_cam::ShapleyCam;
pub use self::shapley_sampling::ShapleySampling;
pub use self::smooth_grad::SmoothGrad;
pub use self::smooth_grad_squared::SmoothGradSquared;
pub use self::sobol_indices::SobolIndices;
pub use self::var_grad::VarGrad;
pub use self::xrai::Xrai;

use self::registry::analyzers;
use crate::rules::{Composite, LrpRule};

analyzers! {
    "gradient", "Gradient", Gradient, "1 gradient",
    "by how much the output changes for a small change of each number":
        Gradient => [];
    "input-times-gradient", "Input × Gradient", Gradient, "1 gradient",
    "each number times its gradient: its share of a linear model's output":
        InputTimesGradient => [];
    "smooth-grad", "SmoothGrad", Gradient, "n gradients",
    "the gradient, averaged over noisy copies":
        SmoothGrad::new() => [n, std, relative_std, seed, antithetic, chunk, on_progress];
    "integrated-gradients", "Integrated Gradients", Gradient, "n gradients",
    "shares of the change of the output from a reference to the input":
        IntegratedGradients::new() => [n, quadrature, tolerance, max_n, reference, chunk, on_progress];
    "smooth-grad-squared", "SmoothGrad squared", Gradient, "n gradients",
    "the squared gradient, averaged over noisy copies: how strongly the output reacts":
        SmoothGradSquared::new() => [n, std, relative_std, seed, antithetic, chunk, on_progress];
    "var-grad", "VarGrad", Gradient, "n gradients",
    "the variance of the gradient over noisy copies":
        VarGrad::new() => [n, std, relative_std, seed, chunk, on_progress];
    "expected-gradients", "Expected Gradients", Gradient, "n gradients, a forward pass for each reference",
    "shares of the change of the output from a set of references to the input, by draws; also known as gradient SHAP":
        ExpectedGradients::default() => [n, std, seed, references, chunk, on_progress];
    "integrated-gradients-over-references", "Integrated Gradients over References", Gradient,
    "n gradients for each reference",
    "the mean of integrated gradients from each reference of a set, as black and white":
        OverReferences::new(IntegratedGradients::new(), ReferenceSet::default()) =>
            [n, quadrature, references, chunk as chunk_of_paths, on_progress];
    "blur-ig", "Blur Integrated Gradients", Gradient, "n gradients",
    "shares of the change of the output from the blurred input to the sharp one":
        BlurIg::new() => [n, sigma, quadrature, chunk, on_progress];
    "idgi", "IDGI", Gradient, "n gradients",
    "each step's change of the output on the way from a reference, shared out by the squared gradient":
        Idgi::new() => [n, reference, chunk, on_progress];
    "deep-lift", "DeepLIFT", Operations, "1 gradient, 1 forward pass",
    "shares of the change of the output from a reference to the input, by the secants of activations":
        DeepLift::new() => [reference, unknown, chunk, on_progress];
    "deep-lift-shap", "DeepLIFT SHAP", Operations, "1 gradient, 1 forward pass for each reference",
    "the mean of DeepLIFT from each reference of a set":
        DeepLiftShap::default() => [references, unknown, chunk, on_progress];
    "lrp-zero", "LRP-0", Operations, "1 gradient",
    "relevance, layer by layer by contributions; on rectifier networks input times gradient":
        Lrp::new(Composite::new()) => [unknown, stabilizer];
    "lrp-epsilon", "LRP-ε", Operations, "about 1.5 gradients",
    "relevance, layer by layer by contributions, of which small sums absorb some":
        Lrp::new(Composite::new().all(LrpRule::Epsilon(1e-6))) => [unknown, stabilizer];
    "lrp-gamma", "LRP-γ", Operations, "about 2 gradients",
    "relevance, layer by layer, that favours positive contributions":
        Lrp::new(Composite::new().all(LrpRule::Gamma(0.25))) => [unknown, stabilizer];
    "lrp-epsilon-plus", "LRP ε, z⁺", Operations, "2 to 3 gradients",
    "relevance: positive contributions at convolutions, all at dense layers":
        Lrp::new(Composite::epsilon_plus()) => [unknown, stabilizer];
    "lrp-epsilon-plus-flat", "LRP ε, z⁺, flat", Operations, "2 to 3 gradients",
    "relevance as by lrp-epsilon-plus, spread evenly by the first layer":
        Lrp::new(Composite::epsilon_plus_flat()) => [unknown, stabilizer];
    "lrp-epsilon-alpha2-beta1", "LRP ε, α2β1", Operations, "3 to 4 gradients",
    "relevance: twice what speaks for a unit less what speaks against it, at convolutions":
        Lrp::new(Composite::epsilon_alpha2_beta1()) => [unknown, stabilizer];
    "lrp-epsilon-alpha2-beta1-flat", "LRP ε, α2β1, flat", Operations, "3 to 4 gradients",
    "relevance as by lrp-epsilon-alpha2-beta1, spread evenly by the first layer":
        Lrp::new(Composite::epsilon_alpha2_beta1_flat()) => [unknown, stabilizer];
    "lrp-epsilon-gamma-box", "LRP ε, γ, box", Operations, "about 2 gradients",
    "relevance that favours positive contributions at convolutions, of numbers between two bounds" with low, high:
        Lrp::new(Composite::epsilon_gamma_box(low, high)) => [unknown, stabilizer];
    "crp", "Concept Relevance Propagation", Operations, "2 to 3 gradients",
    "relevance as by lrp-epsilon-plus, of what goes through some channels of a place alone" with place, channels:
        Crp::default().condition(place, &channels)
            => [channels_last as along, channels_first as along, unknown, stabilizer];
    "excitation-backprop", "Excitation backprop", Operations, "about 2 gradients",
    "the probability that a walk along positive contributions arrives at a number":
        ExcitationBackprop::new() => [unknown, stabilizer];
    "guided-backprop", "Guided backprop", Operations, "1 gradient",
    "the gradient, of which rectifiers let pass what is positive; hardly shows what was learned":
        GuidedBackprop::new() => [unknown];
    "deconvolution", "Deconvolution", Operations, "1 gradient",
    "what rectifiers let pass back where it is positive; hardly shows what was learned":
        Deconvolution::new() => [unknown];
    "beta-smooth", "Beta-smooth Gradient", Operations, "1 gradient",
    "the gradient, of which rectifiers have a derivative without a kink":
        BetaSmooth::new() => [beta, unknown];
    "full-grad", "FullGrad", Operations, "1 gradient, a product for each bias",
    "a map of what the input and all biases contributed":
        FullGrad::new() => [unknown];
    "feature-ablation", "Feature Ablation", Forward, "1 forward pass for each feature",
    "what the output loses when a feature is absent":
        FeatureAblation::new() => [features, fill, chunk, on_progress];
    "occlusion", "Occlusion", Forward, "1 forward pass for each window",
    "what the output loses when a window is filled, slid over the image":
        Occlusion::default() => [fill, chunk, on_progress];
    "shapley-sampling", "Shapley Sampling", Forward, "2 n forward passes for each feature",
    "shares of the change of the output from nothing to the input, over n pairs of orders in which features come in":
        ShapleySampling::new() => [n, features, fill, seed, tolerance, max_n, chunk, on_progress];
    "exact-shapley", "Exact Shapley", Forward, "2 to the number of features forward passes, at most 16 of those",
    "shares of the change of the output from nothing to the input, over all subsets of features":
        ExactShapley::new() => [features, fill, chunk, on_progress];
    "kernel-shap", "KernelSHAP", Forward, "n forward passes",
    "shares of the change of the output from nothing to the input, by a regression on subsets of features":
        KernelShap::new() => [n, features, fill, seed, tolerance, max_n, chunk, on_progress];
    "owen", "Owen Values", Forward, "at most n forward passes",
    "shares of the change of the output from nothing to the input, over regions that are divided where it matters":
        Owen::new() => [n, features, tree, fill, chunk, on_progress];
    "lime", "LIME", Forward, "n forward passes",
    "a linear model of the output on the presence of features, near the input":
        Lime::new() => [n, features, fill, seed, tolerance, max_n, chunk, on_progress];
    "rise", "RISE", Forward, "n forward passes",
    "how the output rises with the presence of each place, over smooth random masks":
        Rise::default() => [n, fill, seed, tolerance, max_n, chunk, on_progress];
    "sobol-indices", "Sobol Indices", Forward, "n forward passes for each feature, and 2 n",
    "the share of the output's variance that comes from each feature, interactions included":
        SobolIndices::new() => [n, features, fill, seed, tolerance, max_n, chunk, on_progress];
    "hsic", "HSIC", Forward, "n forward passes",
    "how far the output is from being independent of the presence of each feature":
        Hsic::new() => [n, features, fill, seed, tolerance, max_n, chunk, on_progress];
    "guided-ig", "Guided Integrated Gradients", Gradient, "n + 1 gradients, one after another",
    "shares of the change of the output from a reference to the input, along a path around what is noisy":
        GuidedIg::new() => [n, quadrature, reference, chunk, on_progress];
    "xrai", "XRAI", Gradient, "2n gradients",
    "integrated gradients from black and from white, by regions: those with most for their size first":
        Xrai::super_pixels() => [n, references, features, chunk, on_progress];
    "grad-cam", "Grad-CAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "where the feature maps at a place speak for the output" with place:
        GradCam::at(place) => [] and maps;
    "guided-grad-cam", "Guided Grad-CAM", Operations, "1 forward pass, 1 gradient, 1 gradient behind the place",
    "guided backprop where Grad-CAM looks: in detail, of one class" with place:
        Product::new(GuidedBackprop::new(), GradCam::at(place)) => [unknown] and maps;
    "grad-cam-plus-plus", "Grad-CAM++", Gradient, "1 forward pass, 1 gradient behind the place",
    "Grad-CAM with positive gradients, weighted as if the output were its exponential" with place:
        GradCamPlusPlus::at(place) => [] and maps;
    "hi-res-cam", "HiResCAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "feature maps times their gradients: a linear head's output, place by place" with place:
        HiResCam::at(place) => [] and maps;
    "seg-x-res-cam", "Seg-XRes-CAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "feature maps times gradients averaged in windows, for regions of a segmentation" with place:
        SegXResCam::at(place) => [] and maps;
    "layer-cam", "LayerCAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "feature maps times their positive gradients, for early places too" with place:
        LayerCam::at(place) => [] and maps;
    "x-grad-cam", "XGrad-CAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "Grad-CAM with gradients averaged where the feature maps are large" with place:
        XGradCam::at(place) => [] and maps;
    "element-wise-cam", "Element-wise CAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "feature maps times their gradients, what is positive of each" with place:
        ElementWiseCam::at(place) => [] and maps;
    "eigen-cam", "Eigen-CAM", Forward, "1 forward pass",
    "the first principal component of the feature maps, the same for every output" with place:
        EigenCam::at(place) => [] and maps;
    "eigen-grad-cam", "EigenGrad-CAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "the first principal component of feature maps times gradients" with place:
        EigenGradCam::at(place) => [] and maps;
    "fem", "FEM", Forward, "1 forward pass",
    "feature maps by how much of each stands out, the same for every output" with place:
        Fem::at(place) => [] and maps;
    "ablation-cam", "Ablation-CAM", Forward, "1 forward pass, 1 behind the place for each channel",
    "feature maps by how much the output loses without them" with place:
        AblationCam::at(place) => [chunk, on_progress] and maps;
    "score-cam", "Score-CAM", Forward, "1 forward pass, and 1 for each channel",
    "feature maps by the output of the input masked with them" with place:
        ScoreCam::at(place) => [scores, chunk, on_progress] and maps;
    "shapley-cam", "ShapleyCAM", Gradient, "1 forward pass, 3 gradients behind the place",
    "Grad-CAM, less half the output's curvature along the feature maps" with place:
        ShapleyCam::at(place) => [] and maps;
    "random-cam", "Random CAM", Forward, "1 forward pass",
    "feature maps with random weights: a control" with place:
        RandomCam::at(place) => [seed] and maps;
    "layer-conductance", "Layer Conductance", Operations, "n forward passes, n gradients behind the place",
    "how much of the change of the output from a reference goes through each number at a place" with place:
        LayerConductance::at(place) => [n, reference, chunk, on_progress];
    "internal-influence", "Internal Influence", Gradient, "n forward passes, n gradients behind the place",
    "the mean gradient at a place on the way from a reference to the input" with place:
        InternalInfluence::at(place) => [n, quadrature, reference, chunk, on_progress];
    "raw-attention", "Raw Attention", Attention, "1 forward pass",
    "where each token looks in one layer, the last unless it is named, the same for every output":
        RawAttention::last() => [places as at_all, token as of_token, heads];
    "attention-rollout", "Attention Rollout", Attention, "1 forward pass",
    "of which tokens each token is made, through all layers, the same for every output":
        AttentionRollout::new() => [places as at_all, token as of_token, heads, discard];
    "attention-relevance", "Attention Relevance", Attention, "1 forward pass, 1 gradient behind the first matrix",
    "relevance of each token for each token, by the gradients of all layers' attention":
        AttentionRelevance::new() => [places as at_all, token as of_token];
}
