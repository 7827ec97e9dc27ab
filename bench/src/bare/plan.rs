//! The networks as lists of steps, for the frameworks by themselves. The weights have torchvision's names, or those of
//! the bundled file.

/// A step of a network, in evaluation mode.
#[derive(Debug)]
pub(crate) enum Step {
    /// A convolution, without bias where the file has none.
    Convolution {
        name: String,
        stride: usize,
        /// Zeros before and after, in both directions alike.
        padding: [usize; 2],
        groups: usize,
    },
    Norm {
        name: String,
        eps: f64,
    },
    Relu,
    Relu6,
    /// Maxima of 2 × 2, stride 2.
    Pool2,
    /// Maxima of 3 × 3, stride 2, padded by 1.
    Pool3,
    /// body(x) + shortcut(x), which is x if it has no step.
    Sum {
        body: Vec<Step>,
        shortcut: Vec<Step>,
    },
    /// The mean over each map.
    Mean,
    Flatten,
    Linear {
        name: String,
    },
}

use Step::{Flatten, Mean, Pool2, Pool3, Relu, Relu6, Sum};
use measured::names::Network;

/// The networks.
const PLANS: [(&str, fn() -> Vec<Step>); 3] =
    [("resnet18", resnet18), ("vgg16", vgg16), ("efficientnet-lite0", efficientnet_lite0)];

/// The steps of a network.
pub(crate) fn of(network: Network) -> Option<Vec<Step>> {
    PLANS.iter().find(|(name, _)| *name == network.name).map(|(_, steps)| steps())
}

fn convolution(name: impl Into<String>, stride: usize, padding: usize) -> Step {
    Step::Convolution { name: name.into(), stride, padding: [padding; 2], groups: 1 }
}

fn norm(name: impl Into<String>, eps: f64) -> Step {
    Step::Norm { name: name.into(), eps }
}

fn linear(name: impl Into<String>) -> Step {
    Step::Linear { name: name.into() }
}

fn resnet18() -> Vec<Step> {
    const EPS: f64 = 1e-5;
    let mut steps = vec![convolution("conv1", 2, 3), norm("bn1", EPS), Relu, Pool3];
    for (stage, block) in (1..=4).flat_map(|stage| [(stage, 0), (stage, 1)]) {
        let at = |part: &str| format!("layer{stage}.{block}.{part}");
        let halves = stage > 1 && block == 0;
        let stride = if halves { 2 } else { 1 };
        let body = vec![
            convolution(at("conv1"), stride, 1),
            norm(at("bn1"), EPS),
            Relu,
            convolution(at("conv2"), 1, 1),
            norm(at("bn2"), EPS),
        ];
        let mut shortcut = Vec::new();
        if halves {
            shortcut = vec![convolution(at("downsample.0"), 2, 0), norm(at("downsample.1"), EPS)];
        }
        steps.extend([Sum { body, shortcut }, Relu]);
    }
    steps.extend([Mean, linear("fc")]);
    steps
}

/// Its pooling of the last maps to 7 × 7 is left out: from 224 × 224 they are that size.
fn vgg16() -> Vec<Step> {
    let mut steps = Vec::new();
    for stage in ["CC", "CC", "CCC", "CCC", "CCC"] {
        for _ in stage.chars() {
            steps.extend([convolution(format!("features.{}", steps.len()), 1, 1), Relu]);
        }
        steps.push(Pool2);
    }
    steps.extend([Flatten, linear("classifier.0"), Relu, linear("classifier.3"), Relu, linear("classifier.6")]);
    steps
}

fn efficientnet_lite0() -> Vec<Step> {
    const EPS: f64 = 1e-3;
    // Kernel, stride and expansion; channels in and out; how many, the later ones without stride.
    const STAGES: [(usize, usize, usize, [usize; 2], usize); 7] = [
        (3, 1, 1, [32, 16], 1),
        (3, 2, 6, [16, 24], 2),
        (5, 2, 6, [24, 40], 2),
        (3, 2, 6, [40, 80], 3),
        (5, 1, 6, [80, 112], 3),
        (5, 2, 6, [112, 192], 4),
        (3, 1, 6, [192, 320], 1),
    ];
    let mut steps = vec![same("_conv_stem", 3, 2, 1), norm("_bn0", EPS), Relu6];
    let mut number = 0;
    for (kernel, first_stride, expand, [input, output], count) in STAGES {
        for repeat in 0..count {
            let at = |part: &str| format!("_blocks.{number}.{part}");
            let (stride, input) = if repeat == 0 { (first_stride, input) } else { (1, output) };
            let mut body = Vec::new();
            if expand > 1 {
                body.extend([convolution(at("_expand_conv"), 1, 0), norm(at("_bn0"), EPS), Relu6]);
            }
            body.extend([
                same(at("_depthwise_conv"), kernel, stride, input * expand),
                norm(at("_bn1"), EPS),
                Relu6,
                convolution(at("_project_conv"), 1, 0),
                norm(at("_bn2"), EPS),
            ]);
            if stride == 1 && input == output {
                steps.push(Sum { body, shortcut: Vec::new() });
            } else {
                steps.extend(body);
            }
            number += 1;
        }
    }
    steps.extend([convolution("_conv_head", 1, 0), norm("_bn1", EPS), Relu6, Mean, linear("_fc")]);
    steps
}

/// Padded as TensorFlow does: all maps here have even sides where the stride is 2, so that one row less is needed.
fn same(name: impl Into<String>, kernel: usize, stride: usize, groups: usize) -> Step {
    let total = kernel - stride;
    Step::Convolution { name: name.into(), stride, padding: [total / 2, total - total / 2], groups }
}
