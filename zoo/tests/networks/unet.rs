//! The U-Net.

use xai::GradCam;

use crate::cases::{Truth, build, explain, inputs};
use crate::checks::{a_place_is_that_of_differences, gaps_of_secants, places_that_are_none_are_refused};

#[test]
fn it_is_cut_where_nothing_goes_beside() {
    let x = inputs("unet", 2);
    // Behind a relu, zeros tie for a maximum: no differences at `down1` itself.
    for place in ["down1.first", "up1.first", "up1"] {
        a_place_is_that_of_differences("unet", &x[0], place);
    }
    let model = build::<Truth>("unet", || ());
    assert_eq!(explain("unet", &model, &GradCam::at("down1"), &x).values.shape(), [2, 1, 8, 12]);
    // What comes down is concatenated on the way up: the middle is bypassed.
    places_that_are_none_are_refused("unet", &x, "up3", "middle", "up1");
    places_that_are_none_are_refused("unet", &x, "down", "down2", "down1");
}

/// Relu and max pooling have exact secants: whatever the number of points, nothing is missing.
#[test]
fn secants_are_complete() {
    for samples in [1, 3] {
        for n in [2, 5, 12] {
            for (gap, change) in gaps_of_secants("unet", &inputs("unet", samples)[0], n) {
                assert!(gap < 1e-10 * change, "{gap} of {change} with {n} points");
            }
        }
    }
}

/// Sizes that do not fit are said when the network is written down, with the names of the layer.
#[test]
fn an_image_that_does_not_fit_is_refused() {
    let model = build::<Truth>("unet", || ());
    assert!(model.graph(&[vec![1, 2, 9, 10]]).is_ok(), "nearest neighbours bring it to any size");
    let error = model.graph(&[vec![1, 3, 8, 12]]).unwrap_err().to_string();
    assert!(error.starts_with("in layer `down1`: in layer `first`: input of Conv2d of shape [1, 3, 8, 12]"), "{error}");
}
