//! Gradients against central finite differences.

use xai::Gradient;

use crate::cases::{Truth, build, explain, explained, inputs, of_class, output};
use crate::checks::is_that_of_differences;

fn the_gradient_is_that_of_differences(name: &str, samples: usize) {
    let (model, inputs) = (build::<Truth>(name, || ()), inputs(name, samples));
    let which = explained(&inputs);
    let gradient = explain(name, &model, &Gradient, &inputs).values;
    is_that_of_differences(name, &gradient, &inputs[which], |x| {
        let mut moved = inputs.clone();
        moved[which].clone_from(x);
        of_class(name, &output(&model, &moved)).iter().sum()
    });
}

#[test]
fn efficientnet_lite0() {
    the_gradient_is_that_of_differences("efficientnet-lite0", 1);
}

#[test]
fn resnet18() {
    the_gradient_is_that_of_differences("resnet18", 1);
}

#[test]
fn vgg16() {
    the_gradient_is_that_of_differences("vgg16", 1);
}

#[test]
fn vit() {
    the_gradient_is_that_of_differences("vit", 1);
    the_gradient_is_that_of_differences("vit", 3);
}

#[test]
fn bert() {
    the_gradient_is_that_of_differences("bert", 1);
    the_gradient_is_that_of_differences("bert", 3);
}

#[test]
fn unet() {
    the_gradient_is_that_of_differences("unet", 1);
    the_gradient_is_that_of_differences("unet", 3);
}
