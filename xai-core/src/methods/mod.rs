//! The analyzers, one file each; wrappers among them.

mod adaptive;
mod at_layer;
mod deep_lift;
mod deep_lift_shap;
mod grad_cam;
mod gradient;
mod grading;
mod guided;
mod integrated_gradients;
mod interpolation;
mod noise;
mod noise_law;
mod path_settings;
mod quadrature;
mod reference;
mod registry;
mod secant;
mod settings;
mod smooth_grad;
mod tolerance;

pub use self::at_layer::{AtLayer, Behind};
pub use self::deep_lift::DeepLift;
pub use self::deep_lift_shap::DeepLiftShap;
pub use self::grad_cam::{GradCam, GradCamAt};
pub use self::gradient::{Gradient, InputTimesGradient};
pub use self::guided::{Deconvolution, GuidedBackprop};
pub use self::integrated_gradients::IntegratedGradients;
pub use self::interpolation::InterpolationAugmentation;
pub use self::noise::NoiseAugmentation;
pub use self::quadrature::Quadrature;
pub use self::reference::Reference;
pub use self::registry::{AnalyzerInfo, BoxAnalyzer, Needs};
pub use self::settings::Settings;
pub use self::smooth_grad::SmoothGrad;
