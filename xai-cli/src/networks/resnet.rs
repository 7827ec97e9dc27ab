//! ResNet of basic blocks.

use xai::nn::{
    Activation, AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, Residual, Sequential, Weights,
};
use xai::{Backend, Result};

/// PyTorch's default.
const EPS: f64 = 1e-5;

/// He, Zhang, Ren, Sun (2015), *Deep Residual Learning for Image Recognition*, arXiv:1512.03385, with so many blocks
/// in each stage: 2, 2, 2, 2 are ResNet-18. The widths are those of the weights, which have torchvision's names.
///
/// # Errors
/// Weights that are missing or do not fit.
///
/// ```
/// use ndarray::{ArrayD, IxDyn};
/// use xai::nn::Weights;
/// use xai::{Differentiable, NdArray};
/// use xai_cli::networks::resnet;
///
/// // The smallest of all: one block of one channel, and two classes.
/// let mut weights = Vec::new();
/// let mut put = |name: &str, shape: &[usize]| weights.push((name.to_owned(), ArrayD::<f32>::ones(IxDyn(shape))));
/// for (conv, norm, shape) in [
///     ("conv1", "bn1", [1, 3, 7, 7]),
///     ("layer1.0.conv1", "layer1.0.bn1", [1, 1, 3, 3]),
///     ("layer1.0.conv2", "layer1.0.bn2", [1, 1, 3, 3]),
/// ] {
///     put(&format!("{conv}.weight"), &shape);
///     for number in ["weight", "bias", "running_mean", "running_var"] {
///         put(&format!("{norm}.{number}"), &[1]);
///     }
/// }
/// put("fc.weight", &[2, 1]);
/// put("fc.bias", &[2]);
/// let net = resnet(&Weights::<NdArray>::new(weights, ())?, &[1])?;
/// assert_eq!(net.graph(&[vec![1, 3, 32, 32]])?.output_shape(), Some(&[1, 2][..]));
/// # Ok::<(), xai::Error>(())
/// ```
pub fn resnet<B: Backend>(weights: &Weights<B>, blocks: &[usize]) -> Result<Sequential<B>> {
    let mut layers = Sequential::new()
        .push_named("conv1", Conv2d::load(&weights.at("conv1"))?.stride(2).padding(3))
        .push_named("bn1", BatchNorm2d::load(&weights.at("bn1"), EPS)?)
        .push_named("relu", Activation::Relu)
        .push_named("maxpool", MaxPool2d::new(3).stride(2).padding(1));
    for (index, &count) in blocks.iter().enumerate() {
        let name = format!("layer{}", index + 1);
        let weights = weights.at(&name);
        let mut stage = Sequential::new();
        for number in 0..count {
            let stride = if index > 0 && number == 0 { 2 } else { 1 };
            stage = stage.push(block(&weights.at(number), stride)?);
        }
        layers = layers.push_named(name, stage);
    }
    Ok(layers
        .push_named("avgpool", AdaptiveAvgPool2d::global())
        .push_named("flatten", Flatten::default())
        .push_named("fc", Linear::load(&weights.at("fc"))?))
}

fn block<B: Backend>(weights: &Weights<B>, stride: usize) -> Result<Sequential<B>> {
    let body = Sequential::new()
        .push(Conv2d::load(&weights.at("conv1"))?.stride(stride).padding(1))
        .push(BatchNorm2d::load(&weights.at("bn1"), EPS)?)
        .push(Activation::Relu)
        .push(Conv2d::load(&weights.at("conv2"))?.padding(1))
        .push(BatchNorm2d::load(&weights.at("bn2"), EPS)?);
    let mut sum = Residual::new(body);
    let weights = weights.at("downsample");
    if weights.names().next().is_some() {
        let shortcut = Sequential::new()
            .push(Conv2d::load(&weights.at(0))?.stride(stride))
            .push(BatchNorm2d::load(&weights.at(1), EPS)?);
        sum = sum.shortcut(shortcut);
    }
    Ok(Sequential::new().push(sum).push(Activation::Relu))
}
