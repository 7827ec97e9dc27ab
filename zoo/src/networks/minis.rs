//! Small networks with what methods that look inside tell apart.

use xai::nn::{
    Activation, AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, Sequential, Weights,
};
use xai::{Backend, Result};

/// PyTorch's default.
const EPS: f64 = 1e-5;

/// Convolutions with and without a norm behind them, overlapping pools, dense layers: images (B, 3, 12, 12).
pub(super) fn norms<B: Backend>(w: &Weights<B>) -> Result<Sequential<B>> {
    let convolution = |name| Conv2d::load(&w.at(name)).map(|conv| conv.padding(1));
    Ok(Sequential::new()
        .push_named("conv1", convolution("conv1")?)
        .push_named("bn1", BatchNorm2d::load(&w.at("bn1"), EPS)?)
        .push_named("relu1", Activation::Relu)
        .push_named("pool", MaxPool2d::new(3).stride(2).padding(1))
        .push_named("conv2", convolution("conv2")?)
        .push_named("bn2", BatchNorm2d::load(&w.at("bn2"), EPS)?)
        .push_named("relu2", Activation::Relu)
        .push_named("conv3", convolution("conv3")?.stride(2))
        .push_named("relu3", Activation::Relu)
        .push_named("avgpool", AvgPool2d::new(2).stride(1))
        .push_named("flatten", Flatten::default())
        .push_named("hidden", Linear::load(&w.at("hidden"))?)
        .push_named("relu4", Activation::Relu)
        .push_named("classes", Linear::load(&w.at("classes"))?))
}

/// A norm in front of a convolution, and activations that are no rectifiers: images (B, 3, 10, 10).
pub(super) fn smooth<B: Backend>(w: &Weights<B>) -> Result<Sequential<B>> {
    let convolution = |name| Conv2d::load(&w.at(name)).map(|conv| conv.padding(1));
    Ok(Sequential::new()
        .push_named("norm", BatchNorm2d::load(&w.at("norm"), EPS)?)
        .push_named("conv1", convolution("conv1")?)
        .push_named("tanh", Activation::Tanh)
        .push_named("conv2", convolution("conv2")?.stride(2))
        .push_named("elu", Activation::Elu { alpha: 1.0 })
        .push_named("conv3", convolution("conv3")?)
        .push_named("sigmoid", Activation::Sigmoid)
        .push_named("avgpool", AdaptiveAvgPool2d::new(2))
        .push_named("flatten", Flatten::default())
        .push_named("hidden", Linear::load(&w.at("hidden"))?)
        .push_named("softplus", Activation::Softplus)
        .push_named("hidden2", Linear::load(&w.at("hidden2"))?)
        .push_named("leaky_relu", Activation::LeakyRelu { slope: 0.1 })
        .push_named("classes", Linear::load(&w.at("classes"))?))
}

/// Maps of either sign, their mean, and one linear layer: images (B, 3, 10, 10).
pub(super) fn head<B: Backend>(w: &Weights<B>) -> Result<Sequential<B>> {
    Ok(Sequential::new()
        .push_named("conv1", Conv2d::load(&w.at("conv1"))?.stride(2).padding(1))
        .push_named("relu1", Activation::Relu)
        .push_named("maps", Conv2d::load(&w.at("maps"))?.padding(1))
        .push_named("avgpool", AdaptiveAvgPool2d::global())
        .push_named("flatten", Flatten::default())
        .push_named("classes", Linear::load(&w.at("classes"))?))
}

/// One linear layer.
pub(super) fn unit<B: Backend>(w: &Weights<B>) -> Result<Sequential<B>> {
    Ok(Sequential::new().push_named("unit", Linear::load(w)?))
}
