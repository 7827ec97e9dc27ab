//! What most programs need: `use xai::prelude::*;`.

#[cfg(feature = "derive")]
pub use crate::Explainable;
#[cfg(feature = "pictures")]
pub use crate::picture::{Heatmap, Panel};
pub use crate::{
    Analyzer, Differentiable, Explanation, GradCam, Gradient, Index, InputTimesGradient, IntegratedGradients,
    InterpolationAugmentation, LayerSplit, MaxActivation, NoiseAugmentation, PerSample, Quadrature, Reference,
    SmoothGrad, check_gradient,
};
