//! A U-Net: down by max pooling, up by nearest neighbours, and what was on the way down beside it.

use xai_core::nn::{Conv2d, MaxPool2d, Upsample2d};
use xai_core::{Analyzer, Differentiable, GradCam, Layer, MaxActivation, Result, Var};

use crate::forward_code::checks::{
    a_batch_equals_its_samples, a_place_is_that_of_differences, gaps_of_secants, gradient_is_that_of_differences,
    places_that_are_none_are_refused,
};
use crate::models::B;
use crate::models::differences::{conv, noise};

/// Two convolutions, with a relu behind each.
struct Double(Conv2d<B>, Conv2d<B>);

fn double(seed: u64, outputs: usize, inputs: usize) -> Double {
    Double(conv(seed, outputs, inputs, 3), conv(seed + 1, outputs, outputs, 3))
}

impl Layer<B> for Double {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x.layer("first", &self.0)?.relu().layer("second", &self.1)?.relu())
    }
}

/// Images (B, 2, 8, 12) to two classes of each pixel.
struct UNet {
    down: [Double; 2],
    middle: Double,
    up: [Double; 2],
    classes: Conv2d<B>,
}

fn unet() -> UNet {
    UNet {
        down: [double(41, 3, 2), double(43, 4, 3)],
        middle: double(45, 5, 4),
        up: [double(47, 4, 5 + 4), double(49, 3, 4 + 3)],
        classes: conv(51, 2, 3, 1),
    }
}

impl Differentiable for UNet {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let pool = |x: &Var<'m, B>| x.op(MaxPool2d::new(2));
        let first = x[0].layer("down1", &self.down[0])?;
        let second = pool(&first).layer("down2", &self.down[1])?;
        let mut y = pool(&second).layer("middle", &self.middle)?;
        for (i, (skip, up)) in [second, first].iter().zip(&self.up).enumerate() {
            let shape = skip.shape()?;
            y = y.op(Upsample2d::nearest([shape[2], shape[3]])).concat(&[skip], 1).layer(format!("up{}", 2 - i), up)?;
        }
        y.layer("classes", &self.classes)
    }
}

#[test]
fn the_gradient_by_differences() {
    let model = unet();
    for batch in [1, 3] {
        gradient_is_that_of_differences(&model, &noise(21, &[batch, 2, 8, 12]));
    }
    a_batch_equals_its_samples(&model, &noise(22, &[3, 2, 8, 12]), "up1");
}

#[test]
fn it_is_cut_where_nothing_goes_beside() {
    let (model, x) = (unet(), noise(23, &[2, 2, 8, 12]));
    // Behind a relu, zeros tie for a maximum: no differences at `down1` itself.
    for place in ["down1.first", "up1.first", "up1"] {
        a_place_is_that_of_differences(&model, &x, place);
    }
    assert_eq!(GradCam::at("down1").analyze(&model, &x, MaxActivation).unwrap().values.shape(), [2, 1, 8, 12]);
    // What comes down is concatenated on the way up: the middle is bypassed.
    places_that_are_none_are_refused(&model, &x, "up3", "middle", "up1");
    places_that_are_none_are_refused(&model, &x, "down", "down2", "down1");
}

#[test]
fn secants_are_complete() {
    for batch in [1, 3] {
        for n in [2, 5, 12] {
            for (gap, change) in gaps_of_secants(&unet(), &noise(24, &[batch, 2, 8, 12]), n) {
                assert!(gap < 1e-10 * change, "{gap} of {change} with {n} points");
            }
        }
    }
}

/// Sizes that do not fit are said when the network is written down, with the names of the layer.
#[test]
fn an_image_that_does_not_fit_is_refused() {
    let model = unet();
    assert!(model.graph(&[vec![1, 2, 9, 10]]).is_ok(), "nearest neighbours bring it to any size");
    let error = model.graph(&[vec![1, 3, 8, 12]]).unwrap_err().to_string();
    assert!(error.starts_with("in layer `down1`: in layer `first`: input of Conv2d of shape [1, 3, 8, 12]"), "{error}");
}
