//! A ResNet: blocks with shortcuts, of which one brings its input to another shape.

use xai_core::nn::{BatchNorm2d, Conv2d, Linear, MaxPool2d};
use xai_core::{Differentiable, Layer, Result, Var};

use crate::forward_code::checks::{
    a_batch_equals_its_samples, a_place_is_that_of_differences, gaps_of_secants, gradient_is_that_of_differences,
    places_that_are_none_are_refused,
};
use crate::models::B;
use crate::models::differences::{conv, linear, noise, weight};

/// relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)).
struct Block {
    conv1: Conv2d<B>,
    norm1: BatchNorm2d<B>,
    conv2: Conv2d<B>,
    norm2: BatchNorm2d<B>,
    downsample: Option<Conv2d<B>>,
}

fn norm(seed: u64, channels: usize) -> BatchNorm2d<B> {
    BatchNorm2d::new(weight(seed, &[channels]), weight(seed + 1, &[channels])).unwrap()
}

fn block(seed: u64, inputs: usize, outputs: usize, stride: usize) -> Block {
    let shortcut = || Conv2d::new(weight(seed + 6, &[outputs, inputs, 1, 1]), None).unwrap().stride(stride);
    Block {
        conv1: conv(seed, outputs, inputs, 3).stride(stride),
        norm1: norm(seed + 1, outputs),
        conv2: conv(seed + 3, outputs, outputs, 3),
        norm2: norm(seed + 4, outputs),
        downsample: (stride > 1).then(shortcut),
    }
}

impl Layer<B> for Block {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let y = x.layer("conv1", &self.conv1)?.layer("norm1", &self.norm1)?.relu();
        let y = y.layer("conv2", &self.conv2)?.layer("norm2", &self.norm2)?;
        let shortcut = self.downsample.as_ref().map_or(Ok(x.clone()), |conv| x.layer("downsample", conv))?;
        Ok((y + shortcut).relu())
    }
}

/// Images (B, 3, 9, 8) to three classes.
struct ResNet {
    stem: Conv2d<B>,
    stages: Vec<Vec<Block>>,
    classes: Linear<B>,
}

fn resnet() -> ResNet {
    ResNet {
        stem: conv(1, 4, 3, 3),
        stages: vec![vec![block(10, 4, 4, 1), block(20, 4, 4, 1)], vec![block(30, 4, 6, 2), block(40, 6, 6, 1)]],
        classes: linear(50, 3, 6),
    }
}

impl Differentiable for ResNet {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let mut x = x[0].layer("stem", &self.stem)?.relu().op(MaxPool2d::new(3).stride(2).padding(1));
        for (i, stage) in self.stages.iter().enumerate() {
            let inside = x.clone();
            x = x.within(format!("layer{}", i + 1), || {
                stage.iter().enumerate().try_fold(inside, |x, (i, block)| x.layer(i, block))
            })?;
        }
        x.mean(&[2, 3]).flatten(1, -1).layer("classes", &self.classes)
    }
}

#[test]
fn the_gradient_by_differences() {
    let model = resnet();
    for batch in [1, 3] {
        gradient_is_that_of_differences(&model, &noise(2, &[batch, 3, 9, 8]));
    }
    a_batch_equals_its_samples(&model, &noise(3, &[3, 3, 9, 8]), "layer1.1");
}

#[test]
fn places_have_the_names_of_the_blocks() {
    let model = resnet();
    let places = model.places(&[vec![2, 3, 9, 8]]).unwrap();
    let shape = |name: &str| places.iter().find(|place| place.name == name).unwrap().shape.clone().unwrap();
    assert_eq!(shape("stem"), [2, 4, 9, 8]);
    assert_eq!(shape("layer1"), [2, 4, 5, 4]);
    assert_eq!(shape("layer2.0.downsample"), [2, 6, 3, 2]);
    assert_eq!(shape("layer2.1.norm2"), [2, 6, 3, 2]);
    let x = noise(3, &[2, 3, 9, 8]);
    for place in ["stem", "layer1.0", "layer1.1", "layer1", "layer2.0", "layer2"] {
        a_place_is_that_of_differences(&model, &x, place);
    }
    places_that_are_none_are_refused(&model, &x, "layer2.1.conv3", "layer2.1.conv2", "layer2.1");
    places_that_are_none_are_refused(&model, &x, "layer3", "layer2.0.downsample", "layer2");
}

/// Relu and max pooling have exact secants: whatever the number of points, nothing is missing.
#[test]
fn secants_are_complete() {
    for batch in [1, 3] {
        for n in [2, 5, 12] {
            for (gap, change) in gaps_of_secants(&resnet(), &noise(4, &[batch, 3, 9, 8]), n) {
                assert!(gap < 1e-10 * change, "{gap} of {change} with {n} points");
            }
        }
    }
}
