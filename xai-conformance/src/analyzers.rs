//! Every analyzer and nesting.

use ndarray::Axis;
use xai_core::rules::{Composite, LrpRule, Unknown};
use xai_core::tensor::count_transfers;
use xai_core::{
    Analyzer, AnalyzerInfo, Backend, Crp, Deconvolution, DeepLift, DeepLiftShap, Differentiable, Element,
    ExcitationBackprop, FeatureAblation, Features, FullGrad, GradCam, Gradient, GradientCheck, GuidedBackprop, Index,
    InputTimesGradient, IntegratedGradients, LayerSplit, Lrp, NdArray, Needs, NoiseAugmentation, Quadrature, Reference,
    Rise, Settings, ShapleySampling, SmoothGrad,
