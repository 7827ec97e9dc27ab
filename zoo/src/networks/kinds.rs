//! A layer of every kind.

use xai::nn::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, BatchNorm2d, Concat, Conv2d, Dropout, Flatten,
    GroupNorm, Identity, LayerNorm, Linear, LogSoftmax, MaxPool2d, Pad2d, Padding, Residual, RmsNorm, Sequential,
    Softmax, Upsample2d, Weights,
};
use xai::{Backend, Result};

/// PyTorch's default, and what the PyTorch model gives its RMS norm.
const EPS: f64 = 1e-5;

/// A small network with a layer of every kind of the vocabulary, for images (B, 3, 12, 12).
pub(super) fn kinds<B: Backend>(w: &Weights<B>) -> Result<Sequential<B>> {
    let border = Padding { top: 2, bottom: 1, left: 1, right: 0 };
    let convolution = Conv2d::load(&w.at("conv"))?.stride([2, 1]).padding([1, 0]).dilation([1, 2]);
    Ok(Sequential::new()
        .push_named("pad", Pad2d::new(border).value(0.5))
        .push_named("conv", convolution)
        .push_named("group_norm", GroupNorm::load(&w.at("group_norm"), 4, EPS)?)
        .push_named("gelu", Activation::Gelu)
        .push_named("branches", branches(&w.at("branches.branches"))?)
        .push_named("mix", Conv2d::load(&w.at("mix"))?.groups(4))
        .push_named("batch_norm", BatchNorm2d::load(&w.at("batch_norm"), EPS)?)
        .push_named("silu", Activation::Silu)
        .push_named("bilinear", Upsample2d::bilinear([10, 9]))
        .push_named("mish", Activation::Mish)
        .push_named("avg_pool", AvgPool2d::new(2).stride([2, 1]).padding(1))
        .push_named("nearest", Upsample2d::nearest([7, 13]))
        .push_named("aligned", Upsample2d::bilinear_aligned([5, 6]))
        .push_named("leaky_relu", Activation::LeakyRelu { slope: 0.1 })
        .push_named("residual", Residual::new(softplus_body(&w.at("residual.body"))?))
        .push_named("residual2", Residual::new(sigmoid_body(&w.at("residual2.body"))?))
        .push_named("adaptive_avg", AdaptiveAvgPool2d::new([3, 4]))
        .push_named("layer_norm", LayerNorm::load(&w.at("layer_norm"), EPS)?)
        .push_named("gelu_tanh", Activation::GeluTanh)
        .push_named("adaptive_max", AdaptiveMaxPool2d::new(2))
        .push_named("relu", Activation::Relu)
        .push_named("flatten", Flatten::default())
        .push_named("rms_norm", RmsNorm::load(&w.at("rms_norm"), EPS)?)
        .push_named("hidden", Linear::load(&w.at("hidden"))?)
        .push_named("tanh", Activation::Tanh)
        .push_named("hidden2", Linear::load(&w.at("hidden2"))?)
        .push_named("softmax", Softmax::new(-1))
        .push_named("norm", LayerNorm::load(&w.at("norm"), EPS)?)
        .push_named("sigmoid", Activation::Sigmoid)
        .push_named("classes", Linear::load(&w.at("classes"))?)
        .push_named("log_softmax", LogSoftmax::new(-1)))
}

fn branches<B: Backend>(w: &Weights<B>) -> Result<Concat<B>> {
    let depthwise =
        Sequential::new().push(Conv2d::load(&w.at("0.0"))?.padding(1).groups(8)).push(Activation::Elu { alpha: 1.5 });
    let maximum = Sequential::new().push(MaxPool2d::new(3).stride(1).padding(1)).push(Activation::HardSwish);
    Ok(Concat::new()
        .push(depthwise)
        .push(AvgPool2d::new(3).stride(1).padding(1).count_include_pad(false))
        .push(maximum))
}

fn softplus_body<B: Backend>(w: &Weights<B>) -> Result<Sequential<B>> {
    Ok(Sequential::new()
        .push(Conv2d::load(&w.at(0))?.padding(1))
        .push(Activation::Softplus)
        .push(Conv2d::load(&w.at(2))?)
        .push(Activation::Relu6))
}

fn sigmoid_body<B: Backend>(w: &Weights<B>) -> Result<Sequential<B>> {
    Ok(Sequential::new()
        .push(Conv2d::load(&w.at(0))?)
        .push(Activation::HardSigmoid)
        .push(Identity)
        .push(Dropout::new(0.3)))
}
