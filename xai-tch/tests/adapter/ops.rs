//! Every operation of the layer vocabulary against central differences.

use ndarray::ArrayD;
use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, ChannelAffine, Conv2d, GroupNorm, LayerNorm, Linear,
    LogSoftmax, MaxPool2d, NnBackend, Op, Pad2d, Padding, RmsNorm, Softmax, Upsample2d, UpsampleMode,
};
use xai_core::{Differentiable, Pullback, Result, Tensor};

use crate::differences::{Torch64, check, numbers, upload};

pub(crate) struct OpModel<'a>(pub(crate) Op<'a, Torch64>);

impl Differentiable for OpModel<'_> {
    type Backend = Torch64;
    fn forward(&self, x: &Tensor<Torch64>) -> Result<Tensor<Torch64>> {
        Torch64::forward(self.0, x)
    }
    fn vjp(&self, x: &Tensor<Torch64>) -> Result<(Tensor<Torch64>, Pullback<'_, Torch64>)> {
        Torch64::vjp(self.0, x)
    }
}

pub(crate) fn value(op: Op<'_, Torch64>, x: &ArrayD<f64>) -> ArrayD<f64> {
    Torch64::forward(op, &upload(x)).unwrap().download().unwrap()
}

pub(crate) const fn all_sides(n: usize) -> Padding {
    Padding { top: n, bottom: n, left: n, right: n }
}

pub(crate) const UNEVEN: Padding = Padding { top: 0, bottom: 2, left: 1, right: 0 };

pub(crate) const ACTIVATIONS: [Activation; 15] = [
    Activation::Relu,
    Activation::Relu6,
    Activation::LeakyRelu { slope: 0.2 },
    Activation::LeakyRelu { slope: -0.5 },
    Activation::Elu { alpha: 1.0 },
    Activation::Elu { alpha: 0.7 },
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Silu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::HardSwish,
    Activation::HardSigmoid,
    Activation::Softplus,
    Activation::Mish,
];

#[test]
fn activations() {
    for activation in ACTIVATIONS {
        // Wide enough to reach every branch, the one of relu6 at 6 too.
        let x = numbers(&[2, 3, 4], 1) * 8.0;
        check(&format!("{activation:?}"), &OpModel(Op::Activation(&activation)), &x);
    }
    for axis in [1, -1] {
        check("Softmax", &OpModel(Op::Softmax(&Softmax { axis })), &numbers(&[2, 5, 3], 2));
        check("LogSoftmax", &OpModel(Op::LogSoftmax(&LogSoftmax { axis })), &numbers(&[2, 5, 3], 3));
    }
}

#[test]
fn convolution() {
    for (groups, channels, outs) in [(1, 3, 4), (2, 4, 6), (4, 4, 4), (2, 2, 4)] {
        for (stride, dilation) in [([1, 1], [1, 1]), ([2, 1], [1, 2])] {
            for padding in [all_sides(0), all_sides(1), UNEVEN] {
                let op = Conv2d {
                    weight: upload(&numbers(&[outs, channels / groups, 3, 2], 4)),
                    bias: (groups == 1).then(|| upload(&numbers(&[outs], 5))),
                    stride,
                    padding: padding.into(),
                    dilation,
                    groups,
                };
                check(&format!("{op:?}"), &OpModel(Op::Conv2d(&op)), &numbers(&[2, channels, 6, 5], 6));
            }
        }
    }
}

#[test]
fn linear_and_affine() {
    let bias = Some(upload(&numbers(&[4], 8)));
    let op = Linear { weight: upload(&numbers(&[4, 3], 7)), bias };
    check("Linear", &OpModel(Op::Linear(&op)), &numbers(&[2, 3], 9));
    check("Linear over the last axis", &OpModel(Op::Linear(&op)), &numbers(&[2, 5, 3], 9));
    let op = Linear { bias: None, ..op };
    check("Linear without bias", &OpModel(Op::Linear(&op)), &numbers(&[2, 3], 9));

    let op = ChannelAffine { scale: upload(&numbers(&[3], 10)), shift: upload(&numbers(&[3], 11)) };
    for shape in [&[2, 3][..], &[2, 3, 4], &[2, 3, 4, 5]] {
        check("ChannelAffine", &OpModel(Op::ChannelAffine(&op)), &numbers(shape, 12));
    }
}

#[test]
fn norms() {
    let weight = |shape: &[usize]| Some(upload(&numbers(shape, 13)));
    let plain = LayerNorm { axes: 1, weight: None, bias: None, eps: 1e-3 };
    check("LayerNorm", &OpModel(Op::LayerNorm(&plain)), &numbers(&[2, 3, 4], 14));
    let two = LayerNorm { axes: 2, weight: weight(&[3, 4]), bias: weight(&[3, 4]), eps: 1e-3 };
    check("LayerNorm over two axes", &OpModel(Op::LayerNorm(&two)), &numbers(&[2, 3, 4], 14));
    for weight in [None, weight(&[4])] {
        check("RmsNorm", &OpModel(Op::RmsNorm(&RmsNorm { weight, eps: 1e-3 })), &numbers(&[2, 3, 4], 15));
    }
    for (groups, weight, bias) in [(1, None, None), (2, weight(&[4]), weight(&[4])), (4, weight(&[4]), None)] {
        let op = GroupNorm { groups, weight, bias, eps: 1e-3 };
        check("GroupNorm", &OpModel(Op::GroupNorm(&op)), &numbers(&[2, 4, 3, 2], 16));
    }
}

#[test]
fn pools() {
    let x = numbers(&[2, 2, 7, 6], 17);
    for padding in [all_sides(0), all_sides(1), UNEVEN] {
        for (kernel, stride) in [([3, 2], [2, 1]), ([2, 3], [2, 2])] {
            let max = MaxPool2d { kernel, stride, padding };
            check(&format!("{max:?}"), &OpModel(Op::MaxPool2d(&max)), &x);
            for count_include_pad in [true, false] {
                let avg = AvgPool2d { kernel, stride, padding, count_include_pad };
                check(&format!("{avg:?}"), &OpModel(Op::AvgPool2d(&avg)), &x);
            }
        }
    }
    for size in [[1, 1], [3, 4], [7, 6], [9, 2]] {
        check("AdaptiveAvgPool2d", &OpModel(Op::AdaptiveAvgPool2d(&AdaptiveAvgPool2d { size })), &x);
        check("AdaptiveMaxPool2d", &OpModel(Op::AdaptiveMaxPool2d(&AdaptiveMaxPool2d { size })), &x);
    }
}

#[test]
fn resizing() {
    let x = numbers(&[2, 2, 3, 4], 18);
    let modes = [
        UpsampleMode::Nearest,
        UpsampleMode::Bilinear { align_corners: false },
        UpsampleMode::Bilinear { align_corners: true },
    ];
    for mode in modes {
        for size in [[6, 8], [5, 9], [2, 3], [3, 4], [123, 4]] {
            let op = Upsample2d { size, mode };
            check(&format!("{op:?}"), &OpModel(Op::Upsample2d(&op)), &x);
        }
    }
    for value in [0.0, 2.5] {
        check("Pad2d", &OpModel(Op::Pad2d(&Pad2d { padding: UNEVEN, value })), &x);
    }
}
