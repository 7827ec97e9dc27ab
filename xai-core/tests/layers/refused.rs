//! What the layers refuse when the graph is written: the variant, and a message with the layer and the value.

use xai_core::nn::{
    AdaptiveAvgPool1d, AdaptiveMaxPool3d, AvgPool1d, AvgPool3d, Conv1d, Conv3d, ConvTranspose1d, LocalResponseNorm,
    MaxPool1d, MaxPool3d, PRelu, PixelShuffle, PixelUnshuffle, Upsample1d, Upsample3d,
};
use xai_core::{Error, Layer, Result};

use crate::nn_ops::jacobian::graph;
use crate::nn_ops::numbers::{F64, weight};

#[track_caller]
fn says(error: &Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in `{message}`");
    }
}

#[track_caller]
fn shape<T: std::fmt::Debug>(result: Result<T>, parts: &[&str]) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::InvalidShape { .. } | Error::Shape { .. }), "{error:?}");
    says(&error, parts);
}

#[track_caller]
fn parameter<T: std::fmt::Debug>(result: Result<T>, parts: &[&str]) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::InvalidParameter { .. }), "{error:?}");
    says(&error, parts);
}

/// The layer for an input of this shape.
fn given(layer: &impl Layer<F64>, input: &[usize]) -> Result<()> {
    graph(layer, input).map(|_| ())
}

#[test]
fn convolutions_of_sequences() {
    shape(Conv1d::<F64>::new(weight(1, &[4, 2]), None), &["weight of Conv1d", "[4, 2]", "3 axes"]);
    shape(Conv1d::<F64>::new(weight(1, &[4, 0, 3]), None), &["none of length 0"]);
    shape(Conv1d::<F64>::new(weight(1, &[4, 2, 3]), weight(1, &[3])), &["bias of Conv1d", "[4]", "[3]"]);
    let conv = || Conv1d::<F64>::new(weight(1, &[4, 2, 3]), None).unwrap();
    shape(given(&conv(), &[2, 9]), &["input of Conv1d", "[2, 9]", "2 axes", "(batch, channels, length)"]);
    shape(given(&conv(), &[1, 3, 9]), &["input of Conv1d", "[1, 3, 9]", "has 3 channels", "takes 2"]);
    shape(given(&conv(), &[1, 9, 2]), &["are its channels last?"]);
    shape(given(&conv(), &[1, 2, 2]), &["input of Conv1d", "[1, 2, 2]", "spans 3"]);
    shape(given(&conv(), &[0, 2, 9]), &["input of Conv1d", "[0, 2, 9]", "no element"]);
    parameter(given(&conv().stride(0), &[1, 2, 9]), &["stride = 0", "at least 1"]);
    parameter(given(&conv().dilation(0), &[1, 2, 9]), &["dilation = 0"]);
    parameter(given(&conv().groups(3), &[1, 2, 9]), &["groups = 3", "divide the 4"]);
    parameter(given(&conv().groups(0), &[1, 2, 9]), &["groups = 0"]);
    parameter(given(&conv().padding(usize::MAX), &[1, 2, 9]), &["padding", "too many"]);
    shape(conv().padding(usize::MAX / 4).output_shape(&[1, 2, 9]), &["too many elements"]);

    shape(ConvTranspose1d::<F64>::new(weight(1, &[4, 2]), None), &["weight of ConvTranspose1d", "3 axes"]);
    let back = || ConvTranspose1d::<F64>::new(weight(1, &[4, 2, 3]), None).unwrap();
    shape(given(&back(), &[1, 4, 3, 3]), &["input of ConvTranspose1d", "4 axes"]);
    shape(given(&back(), &[1, 3, 9]), &["input of ConvTranspose1d", "has 3 channels"]);
    parameter(given(&back().stride(0), &[1, 4, 9]), &["stride = 0"]);
    parameter(given(&back().dilation(0), &[1, 4, 9]), &["dilation = 0"]);
    parameter(given(&back().output_padding(1), &[1, 4, 9]), &["output_padding = [0, 1]"]);
    parameter(given(&back().padding(6), &[1, 4, 9]), &["padding", "leaves nothing"]);
}

#[test]
fn convolutions_of_volumes() {
    shape(Conv3d::<F64>::new(weight(1, &[4, 2, 3, 3]), None), &["weight of Conv3d", "5 axes"]);
    shape(Conv3d::<F64>::new(weight(1, &[4, 2, 3, 3, 3]), weight(1, &[2])), &["bias of Conv3d", "[4]", "[2]"]);
    let conv = || Conv3d::<F64>::new(weight(1, &[4, 2, 3, 3, 3]), None).unwrap();
    let input = [1, 2, 4, 4, 4];
    shape(given(&conv(), &[2, 4, 4, 4]), &["input of Conv3d", "4 axes"]);
    shape(given(&conv(), &[1, 3, 4, 4, 4]), &["input of Conv3d", "has 3 channels", "takes 2"]);
    shape(given(&conv(), &[1, 4, 4, 4, 2]), &["spans 3 columns"]);
    shape(given(&conv().padding(1), &[1, 4, 4, 4, 2]), &["has 4 channels", "are its channels last?"]);
    shape(given(&conv(), &[1, 2, 2, 4, 4]), &["input of Conv3d", "[1, 2, 2, 4, 4]", "spans 3 slices", "has 2"]);
    shape(given(&conv(), &[1, 2, 4, 2, 4]), &["input of Conv3d", "[1, 2, 4, 2, 4]", "spans 3 rows"]);
    shape(given(&conv().padding(2), &[1, 2, 0, 4, 4]), &["input of Conv3d", "no element"]);
    parameter(given(&conv().stride([1, 0, 1]), &input), &["stride = [1, 0, 1]"]);
    parameter(given(&conv().stride([0, 1, 1]), &input), &["stride = [0, 1, 1]"]);
    parameter(given(&conv().dilation(0), &input), &["dilation = [0, 0, 0]"]);
    parameter(given(&conv().groups(0), &input), &["groups = 0"]);
    parameter(given(&conv().groups(3), &input), &["groups = 3"]);
    parameter(given(&conv().padding([usize::MAX, 0, 0]), &input), &["padding", "slices", "too many"]);
    shape(given(&conv().padding([usize::MAX / 4, 0, 0]), &input), &["too many"]);
    shape(given(&conv().padding([1 << 50, 0, 0]), &input), &["too many"]);
    parameter(given(&conv().dilation([usize::MAX, 1, 1]), &input), &["dilation", "too many"]);
}

#[test]
fn pools() {
    let (sequence, volume) = ([1, 2, 5], [1, 2, 5, 5, 5]);
    parameter(given(&MaxPool1d::new(0), &sequence), &["kernel = 0"]);
    parameter(given(&AvgPool1d::new(2).stride(0), &sequence), &["stride = 0"]);
    parameter(
        given(&MaxPool1d::new(2).padding((0, 2)), &sequence),
        &["padding", "right: 2", "smaller than the window"],
    );
    shape(given(&AvgPool1d::new(6), &sequence), &["input of AvgPool1d", "[1, 2, 5]", "spans 6"]);
    shape(given(&MaxPool1d::new(2), &[5]), &["input of MaxPool1d", "1 axes"]);
    parameter(given(&AdaptiveAvgPool1d::new(0), &sequence), &["length = 0"]);
    shape(given(&AdaptiveAvgPool1d::global(), &[1, 2, 0]), &["input of AdaptiveAvgPool1d", "no element"]);

    parameter(given(&MaxPool3d::new([2, 0, 2]), &volume), &["kernel = [2, 0, 2]"]);
    parameter(given(&AvgPool3d::new(2).stride([0, 1, 1]), &volume), &["stride = [0, 1, 1]"]);
    parameter(given(&MaxPool3d::new(2).padding([2, 0, 0]), &volume), &["padding", "smaller than the window"]);
    shape(given(&AvgPool3d::new([6, 1, 1]), &volume), &["input of AvgPool3d", "[1, 2, 5, 5, 5]", "spans 6 slices"]);
    shape(given(&MaxPool3d::new(2), &[1, 5, 5, 5]), &["input of MaxPool3d", "4 axes"]);
    shape(given(&MaxPool3d::new(2), &[1, 2, 0, 5, 5]), &["input of MaxPool3d", "no element"]);
    parameter(given(&AdaptiveMaxPool3d::new([1, 1, 0]), &volume), &["size = [1, 1, 0]"]);
}

#[test]
fn the_others() {
    shape(PRelu::<F64>::new(weight(1, &[2, 2])), &["weight of PRelu", "[2, 2]", "one slope"]);
    shape(PRelu::<F64>::new(weight(1, &[0])), &["weight of PRelu"]);
    let prelu = PRelu::<F64>::new(weight(1, &[2])).unwrap();
    shape(given(&prelu, &[1, 3, 5]), &["input of PRelu", "has 3 channels", "takes 2"]);
    shape(given(&prelu, &[3]), &["input of PRelu"]);

    parameter(given(&LocalResponseNorm::new(0), &[1, 2, 5]), &["size = 0"]);
    parameter(given(&LocalResponseNorm::new(3).alpha(f64::NAN), &[1, 2, 5]), &["alpha = NaN"]);
    parameter(given(&LocalResponseNorm::new(3).beta(f64::INFINITY), &[1, 2, 5]), &["beta = inf"]);
    parameter(given(&LocalResponseNorm::new(3).k(f64::NAN), &[1, 2, 5]), &["k = NaN"]);
    shape(given(&LocalResponseNorm::new(3), &[5]), &["input of LocalResponseNorm", "1 axes"]);
    shape(given(&LocalResponseNorm::new(3), &[5, 0]), &["no element"]);
    assert!(given(&LocalResponseNorm::new(usize::MAX), &[1, 2, 5]).is_err());

    parameter(given(&PixelShuffle::new(0), &[1, 4, 2, 2]), &["factor = 0"]);
    shape(given(&PixelShuffle::new(2), &[1, 6, 2, 2]), &["input of PixelShuffle", "6 channels", "2 · 2"]);
    shape(given(&PixelShuffle::new(usize::MAX), &[1, 6, 2, 2]), &["input of PixelShuffle"]);
    shape(given(&PixelShuffle::new(2), &[4, 2, 2]), &["input of PixelShuffle", "3 axes"]);
    parameter(given(&PixelUnshuffle::new(0), &[1, 4, 2, 2]), &["factor = 0"]);
    shape(given(&PixelUnshuffle::new(2), &[1, 4, 3, 2]), &["input of PixelUnshuffle", "3 rows", "multiples of 2"]);
}

#[test]
fn sizes() {
    shape(given(&Upsample1d::nearest(4), &[2, 9]), &["input of Upsample1d", "[2, 9]", "2 axes"]);
    parameter(given(&Upsample1d::linear(0), &[1, 2, 9]), &["length = 0", "at least 1"]);
    shape(given(&Upsample3d::nearest(4), &[1, 2, 9, 9]), &["input of Upsample3d", "[1, 2, 9, 9]", "4 axes"]);
    shape(given(&Upsample3d::trilinear(4), &[1, 2, 0, 9, 9]), &["input of Upsample3d", "no element"]);
    parameter(given(&Upsample3d::trilinear([4, 0, 4]), &[1, 2, 3, 9, 9]), &["size = [4, 0, 4]", "at least 1"]);
}
