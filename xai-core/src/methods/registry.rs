//! Every analyzer by its name: [`AnalyzerInfo`].
//!
//! One entry for each: its name on command lines and in files, its name for people, what it needs of a model, what it
//! costs, what it says, how to build it, and which settings it takes. What stands here is what command lines offer,
//! and what the conformance suite tries on every backend.

use super::settings::{Set, Settings};
use super::{
    AblationCam, BlurIg, Deconvolution, DeepLift, DeepLiftShap, EigenCam, EigenGradCam, ElementWiseCam, ExactShapley,
    ExcitationBackprop, ExpectedGradients, FeatureAblation, Fem, FullGrad, GradCam, GradCamPlusPlus, Gradient,
    GuidedBackprop, GuidedIg, HiResCam, Hsic, Idgi, InputTimesGradient, IntegratedGradients, InternalInfluence,
    KernelShap, LayerCam, LayerConductance, Lime, Lrp, Occlusion, OverReferences, Owen, RandomCam, ReferenceSet, Rise,
    ScoreCam, ShapleyCam, ShapleySampling, SmoothGrad, SmoothGradSquared, SobolIndices, VarGrad, XGradCam, Xrai,
};
use crate::explain::{Analyzer, AnyAnalyzer};
use crate::rules::{Composite, LrpRule};
use crate::{Backend, Differentiable, Error, Result};

/// An analyzer of the library, known by its name.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, AnalyzerInfo, NdArray, Net, Settings};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let analyzer = AnalyzerInfo::find("smooth-grad")?.build(&Settings::default().n(10))?;
/// assert_eq!(analyzer.analyze(&net, &array![[3.0, -1.0]], 0)?.values, array![[1.0, 0.0]]);
/// for info in AnalyzerInfo::all() {
///     println!("{}: {}, costs {}", info.name, info.about, info.cost);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnalyzerInfo {
    /// Its name on command lines and in files: `integrated-gradients`.
    pub name: &'static str,
    /// Its name for people: `Integrated Gradients`.
    pub title: &'static str,
    /// What a model must be able to do.
    pub needs: Needs,
    /// True when it looks at a named place of the model, which [`Settings::place`] names.
    pub at_place: bool,
    /// What it costs, in passes of one sample.
    pub cost: &'static str,
    /// What its values are, in a line.
    pub about: &'static str,
    /// The settings that it takes, by the names of their setters.
    pub settings: &'static [&'static str],
}

/// What an analyzer needs of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Needs {
    /// Its output alone.
    Forward,
    /// The gradient of its output.
    Gradient,
    /// The operations that it is made of.
    Operations,
}

/// Any analyzer of a model of type `M`.
pub type BoxAnalyzer<M> = Box<dyn Analyzer<M> + Send + Sync>;

/// Any analyzer of any model on a backend.
pub type BoxAnyAnalyzer<B> = Box<dyn AnyAnalyzer<B> + Send + Sync>;

macro_rules! registry {
    ($(
        $name:literal, $title:literal, $needs:ident, $cost:literal, $about:literal $(at $place:ident)?:
        $build:expr => [$($setting:ident),* $(,)?];
    )*) => {
        static ALL: &[AnalyzerInfo] = &[$(
            AnalyzerInfo {
                name: $name,
                title: $title,
                needs: Needs::$needs,
                at_place: registry!(@at $($place)?),
                cost: $cost,
                about: $about,
                settings: &[$(stringify!($place),)? $(stringify!($setting)),*],
            }
        ),*];

        fn build<M: Differentiable + ?Sized>(info: &AnalyzerInfo, settings: &Settings) -> Result<BoxAnalyzer<M>> {
            registry!(@build info, settings, $($name, $($place)?, $build, [$($setting),*];)*)
        }

        fn build_any<B: Backend>(info: &AnalyzerInfo, settings: &Settings) -> Result<BoxAnyAnalyzer<B>> {
            registry!(@build info, settings, $($name, $($place)?, $build, [$($setting),*];)*)
        }
    };
    (@build $info:ident, $settings:ident,
        $($name:literal, $($place:ident)?, $build:expr, [$($setting:ident),*];)*
    ) => {{
        let set = Set($settings);
        match $info.name {
            $($name => {
                $(let $place = set.place().ok_or_else(|| no_place($info))?;)?
                let analyzer = $build;
                $(let analyzer = match set.$setting() {
                    Some(value) => analyzer.$setting(value),
                    None => analyzer,
                };)*
                Ok(Box::new(analyzer))
            })*
            other => Err(unknown(other)),
        }
    }};
    (@at) => { false };
    (@at $place:ident) => { true };
}

registry! {
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
            [n, quadrature, references, chunk, on_progress];
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
    "excitation-backprop", "Excitation backprop", Operations, "about 2 gradients",
    "the probability that a walk along positive contributions arrives at a number":
        ExcitationBackprop::new() => [unknown, stabilizer];
    "guided-backprop", "Guided backprop", Operations, "1 gradient",
    "the gradient, of which rectifiers let pass what is positive; hardly shows what was learned":
        GuidedBackprop::new() => [unknown];
    "deconvolution", "Deconvolution", Operations, "1 gradient",
    "what rectifiers let pass back where it is positive; hardly shows what was learned":
        Deconvolution::new() => [unknown];
    "full-grad", "FullGrad", Operations, "about 3 gradients",
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
    "shares of the change of the output from nothing to the input, over regions that are halved where it matters":
        Owen::new() => [n, features, fill, chunk, on_progress];
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
        GuidedIg::new() => [n, reference, chunk, on_progress];
    "xrai", "XRAI", Gradient, "2n gradients",
    "integrated gradients from black and from white, by regions: those with most for their size first":
        Xrai::super_pixels() => [n, references, features];
    "grad-cam", "Grad-CAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "where the feature maps at a place speak for the output" at place:
        GradCam::at(place) => [];
    "grad-cam-plus-plus", "Grad-CAM++", Gradient, "1 forward pass, 1 gradient behind the place",
    "Grad-CAM with positive gradients, weighted as if the output were its exponential" at place:
        GradCamPlusPlus::at(place) => [];
    "hi-res-cam", "HiResCAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "feature maps times their gradients: a linear head's output, place by place" at place:
        HiResCam::at(place) => [];
    "layer-cam", "LayerCAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "feature maps times their positive gradients, for early places too" at place:
        LayerCam::at(place) => [];
    "x-grad-cam", "XGrad-CAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "Grad-CAM with gradients averaged where the feature maps are large" at place:
        XGradCam::at(place) => [];
    "element-wise-cam", "Element-wise CAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "feature maps times their gradients, what is positive of each" at place:
        ElementWiseCam::at(place) => [];
    "eigen-cam", "Eigen-CAM", Forward, "1 forward pass",
    "the first principal component of the feature maps, the same for every output" at place:
        EigenCam::at(place) => [];
    "eigen-grad-cam", "EigenGrad-CAM", Gradient, "1 forward pass, 1 gradient behind the place",
    "the first principal component of feature maps times gradients" at place:
        EigenGradCam::at(place) => [];
    "fem", "FEM", Forward, "1 forward pass",
    "feature maps by how much of each stands out, the same for every output" at place:
        Fem::at(place) => [];
    "ablation-cam", "Ablation-CAM", Forward, "1 forward pass, 1 behind the place for each channel",
    "feature maps by how much the output loses without them" at place:
        AblationCam::at(place) => [chunk];
    "score-cam", "Score-CAM", Forward, "1 forward pass, and 1 for each channel",
    "feature maps by the output of the input masked with them" at place:
        ScoreCam::at(place) => [chunk];
    "shapley-cam", "ShapleyCAM", Gradient, "1 forward pass, 3 gradients behind the place",
    "Grad-CAM, less half the output's curvature along the feature maps" at place:
        ShapleyCam::at(place) => [];
    "random-cam", "Random CAM", Forward, "1 forward pass",
    "feature maps with random weights: a control" at place:
        RandomCam::at(place) => [seed];
    "layer-conductance", "Layer Conductance", Operations, "n forward passes, n gradients behind the place",
    "how much of the change of the output from a reference goes through each number at a place" at place:
        LayerConductance::at(place) => [n, reference, chunk, on_progress];
    "internal-influence", "Internal Influence", Gradient, "n forward passes, n gradients behind the place",
    "the mean gradient at a place on the way from a reference to the input" at place:
        InternalInfluence::at(place) => [n, quadrature, reference, chunk, on_progress];
}

impl AnalyzerInfo {
    /// All analyzers of the library.
    pub fn all() -> &'static [AnalyzerInfo] {
        ALL
    }

    /// The analyzer of this name.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] with the names that there are.
    pub fn find(name: &str) -> Result<&'static AnalyzerInfo> {
        ALL.iter().find(|info| info.name == name).ok_or_else(|| unknown(name))
    }

    /// The analyzer, for models of type `M`.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, Index, NdArray, Net, Settings};
    ///
    /// let net = Net::new(Sequential::<NdArray<f64>>::new().push(Activation::Relu));
    /// let image = array![[[[1.0, 2.0]]]];
    /// for info in AnalyzerInfo::all().iter().filter(|info| !info.at_place) {
    ///     let analyzer = info.build(&Settings::new().n(20))?;
    ///     println!("{}: {:?}", info.title, analyzer.analyze(&net, &image, Index([0, 0, 1]))?.values);
    /// }
    /// # Ok::<(), xai::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when it looks at a place and none is set. Values are checked when it is used.
    pub fn build<M: Differentiable + ?Sized>(&self, settings: &Settings) -> Result<BoxAnalyzer<M>> {
        build(self, settings)
    }

    /// The analyzer, for any model on a backend.
    ///
    /// # Errors
    /// As [`build`](AnalyzerInfo::build).
    pub fn build_any<B: Backend>(&self, settings: &Settings) -> Result<BoxAnyAnalyzer<B>> {
        build_any(self, settings)
    }
}

fn no_place(info: &AnalyzerInfo) -> Error {
    Error::InvalidParameter {
        name: "place",
        value: "none".into(),
        reason: format!(
            "{} looks at a named place of the model: set one of those that `model.places(..)` lists, or \
             `Settings::marked(&model)`",
            info.title
        ),
    }
}

fn unknown(name: &str) -> Error {
    let names: Vec<&str> = ALL.iter().map(|info| info.name).collect();
    Error::InvalidParameter {
        name: "analyzer",
        value: name.into(),
        reason: format!("there is no analyzer of that name; there are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NdArray, Net};

    type Model = Net<NdArray<f64>, crate::nn::Activation>;

    #[test]
    fn each_is_built_by_its_name() {
        for info in AnalyzerInfo::all() {
            assert_eq!(AnalyzerInfo::find(info.name).unwrap(), info);
            info.build::<Model>(&Settings::new().place("somewhere")).unwrap();
            assert!(info.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        }
    }

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<&str> = ALL.iter().map(|info| info.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = AnalyzerInfo::find("grad-cams").unwrap_err().to_string();
        assert!(error.contains("grad-cams") && error.contains("integrated-gradients"), "{error}");
        let cam = AnalyzerInfo::find("grad-cam").unwrap();
        let error = cam.build::<Model>(&Settings::new()).err().unwrap().to_string();
        assert!(error.contains("Grad-CAM looks at a named place"), "{error}");
    }
}
