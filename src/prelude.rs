//! What most programs need: `use xai::prelude::*;`.

#[cfg(feature = "derive")]
#[doc(no_inline)]
pub use crate::Explainable;
#[cfg(feature = "pictures")]
#[doc(no_inline)]
pub use crate::picture::{Heatmap, Panel};
#[doc(no_inline)]
pub use crate::{
    Analyzer, AtLayer, Differentiable, Explanation, Given, GradCam, Gradient, Ids, Index, InputTimesGradient,
    IntegratedGradients, InterpolationAugmentation, Layer, LayerSplit, MaxActivation, NoiseAugmentation, PerSample,
    Quadrature, Reference, SmoothGrad, Var, check_gradient,
};
