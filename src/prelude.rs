//! What most programs need: `use xai::prelude::*;`.

#[cfg(feature = "derive")]
pub use crate::Explainable;
#[cfg(feature = "pictures")]
pub use crate::picture::{Heatmap, Panel};
pub use crate::{
    Analyzer, AtLayer, Differentiable, Explanation, Given, GradCam, Gradient, Ids, Index, InputTimesGradient,
    IntegratedGradients, InterpolationAugmentation, Layer, LayerSplit, MaxActivation, NoiseAugmentation, PerSample,
    Quadrature, Reference, SmoothGrad, Var, check_gradient,
};
