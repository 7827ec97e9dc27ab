//! VGG without batch norm.

use xai::nn::{Activation, AdaptiveAvgPool2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Sequential, Weights};
use xai::{Backend, Result};

/// Simonyan, Zisserman (2014), *Very Deep Convolutional Networks for Large-Scale Image Recognition*, arXiv:1409.1556:
/// VGG-11's order of convolutions (C) and pools (M), whose widths are those of the weights.
const PLAN: &str = "CMCMCCMCCMCCM";

/// VGG-16's.
const PLAN_16: &str = "CCMCCMCCCMCCCMCCCM";

/// The small one's: three pools fewer.
const MINI_PLAN: &str = "CMCMCCM";

/// The order of so many convolutions (C) and the pools (M) between them: 8 are VGG-11, 13 VGG-16.
///
/// ```
/// use xai_cli::networks::vgg_plan;
///
/// assert_eq!(vgg_plan(8), "CMCMCCMCCMCCM");
/// assert_eq!(vgg_plan(13).matches('C').count(), 13);
/// ```
pub fn vgg_plan(convolutions: usize) -> &'static str {
    match convolutions {
        4 => MINI_PLAN,
        13 => PLAN_16,
        _ => PLAN,
    }
}

/// VGG-11, VGG-16 or the small one, as there are weights, which have torchvision's names. The features are pooled to
/// `size` × `size`.
///
/// # Errors
/// Weights that are missing or do not fit.
///
/// ```
/// use ndarray::{ArrayD, IxDyn};
/// use xai::nn::Weights;
/// use xai::{Differentiable, NdArray};
/// use xai_cli::networks::vgg;
///
/// // The small one, of one channel everywhere, and two classes.
/// let mut weights = Vec::new();
/// let mut put = |layer: &str, weight: &[usize]| {
///     weights.push((format!("{layer}.weight"), ArrayD::<f32>::ones(IxDyn(weight))));
///     weights.push((format!("{layer}.bias"), ArrayD::zeros(IxDyn(&weight[..1]))));
/// };
/// for (place, inputs) in [(0, 3), (3, 1), (6, 1), (8, 1)] {
///     put(&format!("features.{place}"), &[1, inputs, 3, 3]);
/// }
/// for (place, outputs) in [(0, 1), (3, 1), (6, 2)] {
///     put(&format!("classifier.{place}"), &[outputs, 1]);
/// }
/// let net = vgg(&Weights::<NdArray>::new(weights, ())?, 1)?;
/// assert_eq!(net.graph(&[vec![1, 3, 32, 32]])?.output_shape(), Some(&[1, 2][..]));
/// # Ok::<(), xai::Error>(())
/// ```
pub fn vgg<B: Backend>(weights: &Weights<B>, size: usize) -> Result<Sequential<B>> {
    let plan = vgg_plan(weights.at("features").names().filter(|name| name.ends_with(".weight")).count());
    let mut layers = Sequential::new();
    for step in plan.chars() {
        let name = format!("features.{}", layers.len());
        layers = if step == 'M' {
            layers.push_named(name, MaxPool2d::new(2))
        } else {
            let convolution = Conv2d::load(&weights.at(&name))?.padding(1);
            let layers = layers.push_named(name, convolution);
            let name = format!("features.{}", layers.len());
            layers.push_named(name, Activation::Relu)
        };
    }
    layers = layers.push_named("avgpool", AdaptiveAvgPool2d::new(size)).push_named("flatten", Flatten::default());
    for (number, last) in [(0, false), (3, false), (6, true)] {
        let name = format!("classifier.{number}");
        let linear = Linear::load(&weights.at(&name))?;
        layers = layers.push_named(name, linear);
        if !last {
            layers = layers
                .push_named(format!("classifier.{}", number + 1), Activation::Relu)
                .push_named(format!("classifier.{}", number + 2), Dropout::new(0.5));
        }
    }
    Ok(layers)
}
