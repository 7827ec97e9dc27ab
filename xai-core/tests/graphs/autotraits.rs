//! What may cross threads.

use ndarray::{Ix4, IxDyn};
use xai_core::nn::Sequential;
use xai_core::{
    AtLayer, Cam, Error, Explanation, GradCam, Gradient, GradientReport, InputTimesGradient, IntegratedGradients,
    InterpolationAugmentation, MaxActivation, NdArray, NoiseAugmentation, Op, Reference, Selection, SmoothGrad, Tensor,
    Weight,
};

fn crosses_threads<T: Send + Sync + 'static>() {}

#[test]
fn analyzers_results_and_errors_are_send_and_sync() {
    crosses_threads::<Error>();
    crosses_threads::<Explanation<f32, Ix4>>();
    crosses_threads::<Explanation<f64, IxDyn>>();
    crosses_threads::<GradientReport>();
    crosses_threads::<Selection>();
    crosses_threads::<Reference>();
    crosses_threads::<MaxActivation>();
    crosses_threads::<(Gradient, InputTimesGradient, GradCam)>();
    crosses_threads::<(SmoothGrad, IntegratedGradients)>();
    crosses_threads::<NoiseAugmentation<InterpolationAugmentation<Gradient>>>();
    crosses_threads::<(Cam<GradCam>, AtLayer<IntegratedGradients>)>();
    crosses_threads::<Tensor<NdArray<f64>>>();
}

#[test]
fn networks_and_their_weights_are_send_and_sync() {
    crosses_threads::<Weight<NdArray<f64>>>();
    crosses_threads::<Op<NdArray<f64>>>();
    crosses_threads::<Sequential<NdArray<f64>>>();
}
