//! What the layers refuse, before anything is computed: the variant, and a message with the value.

use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, ChannelAffine, Conv2d, ConvTranspose2d, Flatten, GroupNorm,
    LayerNorm, Linear, LogSoftmax, MaxPool2d, Pad2d, Padding, RmsNorm, Softmax, Upsample2d,
};
use xai_core::{Error, Op};

use crate::nn_ops::jacobian::{run, vjp};
use crate::nn_ops::numbers::{F64, array, weight};

#[track_caller]
fn shape<T: std::fmt::Debug>(result: Result<T, Error>, parts: &[&str]) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error:?}");
    says(&error, parts);
}

#[track_caller]
fn invalid_shape<T: std::fmt::Debug>(result: Result<T, Error>, parts: &[&str]) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::InvalidShape { .. }), "{error:?}");
    says(&error, parts);
}

#[track_caller]
fn parameter<T: std::fmt::Debug>(result: Result<T, Error>, parts: &[&str]) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::InvalidParameter { .. }), "{error:?}");
    says(&error, parts);
}

#[track_caller]
fn says(error: &Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in `{message}`");
    }
}

fn conv() -> Conv2d<F64> {
    Conv2d::new(weight(1, &[4, 2, 3, 3]), None).unwrap()
}

#[test]
fn conv_weights_and_biases_of_another_rank() {
    invalid_shape(Conv2d::<F64>::new(weight(1, &[4, 2, 3]), None), &["weight of Conv2d", "[4, 2, 3]", "4 axes"]);
    invalid_shape(Conv2d::<F64>::new(weight(1, &[4, 2, 0, 3]), None), &["[4, 2, 0, 3]", "none of length 0"]);
    shape(Conv2d::<F64>::new(weight(1, &[4, 2, 3, 3]), weight(1, &[3])), &["bias of Conv2d", "[4]", "[3]"]);
}

#[test]
fn conv_inputs() {
    invalid_shape(conv().output_shape(&[2, 5, 5]), &["input of Conv2d", "[2, 5, 5]", "3 axes"]);
    invalid_shape(conv().output_shape(&[1, 3, 5, 5]), &["has 3 channels", "takes 2"]);
    invalid_shape(conv().output_shape(&[1, 5, 5, 2]), &["has 5 channels", "are its channels last?"]);
    invalid_shape(conv().output_shape(&[1, 2, 5, 2]), &["spans 3 columns", "has 2"]);
    invalid_shape(conv().dilation([3, 1]).padding(1).output_shape(&[1, 2, 4, 9]), &["spans 7 rows", "has 6"]);
    invalid_shape(conv().output_shape(&[0, 2, 5, 5]), &["[0, 2, 5, 5]", "no element"]);
}

#[test]
fn conv_parameters() {
    let input = [1, 2, 5, 5];
    parameter(conv().stride([1, 0]).output_shape(&input), &["stride = [1, 0]"]);
    parameter(conv().dilation(0).output_shape(&input), &["dilation = [0, 0]"]);
    parameter(conv().groups(3).output_shape(&input), &["groups = 3", "divide the 4"]);
    parameter(conv().groups(0).output_shape(&input), &["groups = 0"]);
    invalid_shape(conv().groups(2).output_shape(&input), &["has 2 channels", "takes 4"]);
    parameter(conv().padding(usize::MAX).output_shape(&input), &["padding", "too many"]);
    parameter(conv().dilation(usize::MAX).output_shape(&input), &["dilation", "too many"]);
    invalid_shape(conv().padding(usize::MAX / 4).output_shape(&input), &["output of Conv2d", "too many elements"]);
}

#[test]
fn transposed_convolutions() {
    let new = |lengths: &[usize], bias: Option<_>| ConvTranspose2d::<F64>::new(weight(1, lengths), bias);
    let up = || new(&[4, 3, 3, 3], None).unwrap();
    let input = [1, 4, 5, 5];
    invalid_shape(new(&[4, 3, 3], None), &["weight of ConvTranspose2d", "[4, 3, 3]", "4 axes"]);
    invalid_shape(new(&[4, 3, 0, 3], None), &["[4, 3, 0, 3]", "none of length 0"]);
    shape(new(&[4, 3, 3, 3], Some(weight(2, &[4]))), &["bias of ConvTranspose2d", "[3]", "[4]"]);
    shape(new(&[4, 3, 3, 3], Some(weight(2, &[3, 1]))), &["bias of ConvTranspose2d", "[3, 1]"]);
    let six = new(&[4, 3, 3, 3], Some(weight(2, &[6]))).unwrap();
    shape(six.output_shape(&input), &["bias of ConvTranspose2d", "[3]", "[6]"]);
    assert_eq!(six.groups(2).output_shape(&input).unwrap(), [1, 6, 7, 7]);
    invalid_shape(up().output_shape(&[4, 5, 5]), &["input of ConvTranspose2d", "3 axes"]);
    invalid_shape(up().output_shape(&[1, 3, 5, 5]), &["has 3 channels", "takes 4"]);
    invalid_shape(up().output_shape(&[1, 5, 5, 4]), &["channels last"]);
    invalid_shape(up().output_shape(&[0, 4, 5, 5]), &["no element"]);
    invalid_shape(up().output_shape(&[1, 4, 0, 5]), &["no element"]);
    parameter(up().groups(0).output_shape(&input), &["groups = 0"]);
    parameter(up().groups(3).output_shape(&input), &["groups = 3", "4 input channels"]);
    parameter(up().stride(0).output_shape(&input), &["stride = [0, 0]"]);
    parameter(up().dilation([1, 0]).output_shape(&input), &["dilation = [1, 0]"]);
    parameter(up().output_padding(1).output_shape(&input), &["output_padding = [1, 1]", "stride, [1, 1]"]);
    parameter(up().stride([2, 1]).output_padding([1, 1]).output_shape(&input), &["output_padding = [1, 1]"]);
    parameter(up().output_padding(usize::MAX).output_shape(&input), &["output_padding", "smaller"]);
    assert!(up().stride([2, 1]).dilation([1, 2]).output_padding(1).output_shape(&input).is_ok());
    parameter(up().padding([4, 0]).output_shape(&input), &["padding", "top: 4", "nothing of the 7 rows"]);
    parameter(up().padding([0, usize::MAX]).output_shape(&input), &["padding", "nothing of the 7 columns"]);
    parameter(up().stride(usize::MAX).output_shape(&input), &["stride", "cannot be counted"]);
    parameter(up().dilation(usize::MAX).output_shape(&input), &["dilation", "cannot be counted"]);
    invalid_shape(
        up().stride(usize::MAX / 8).output_shape(&input),
        &["output of ConvTranspose2d", "too many elements"],
    );
    let x = weight(1, &[1, 3, 5, 5]);
    invalid_shape(run(&up(), &x), &["has 3 channels"]);
    let up = up();
    invalid_shape(vjp(&up, &x), &["has 3 channels"]);
}

#[test]
fn linear() {
    invalid_shape(Linear::<F64>::new(weight(1, &[4]), None), &["weight of Linear", "[4]", "2 axes"]);
    shape(Linear::<F64>::new(weight(1, &[4, 2]), weight(1, &[2])), &["bias of Linear", "[4]", "[2]"]);
    let linear = Linear::<F64>::new(weight(1, &[4, 2]), None).unwrap();
    invalid_shape(linear.output_shape(&[1, 2, 3]), &["length 3", "takes 2", "Flatten"]);
    invalid_shape(linear.output_shape(&[]), &["no axis"]);
}

#[test]
fn channel_affine_and_batch_norm() {
    invalid_shape(ChannelAffine::<F64>::new(weight(1, &[1, 4]), weight(1, &[1, 4])), &["scale", "[1, 4]", "1 axis"]);
    shape(ChannelAffine::<F64>::new(weight(1, &[4]), weight(1, &[3])), &["shift of ChannelAffine", "[3]"]);
    let affine = ChannelAffine::<F64>::new(weight(1, &[4]), weight(1, &[4])).unwrap();
    invalid_shape(affine.output_shape(&[2, 3, 5, 5]), &["has 3 channels", "takes 4"]);
    invalid_shape(affine.output_shape(&[4]), &["1 axes"]);
    let (two, three) = (array(&[2], &[1.0, 2.0]), array(&[3], &[1.0, 2.0, 3.0]));
    let negative = array(&[2], &[1.0, -0.5]);
    let norm = |weight: Option<_>, var, eps| BatchNorm2d::<F64>::batch_norm(weight, None, two.view(), var, eps, &());
    shape(norm(None, three.view(), 1e-5), &["running variance", "[2]", "[3]"]);
    shape(norm(Some(three.view()), two.view(), 1e-5), &["weight of batch norm", "[3]"]);
    parameter(norm(None, negative.view(), 1e-5), &["variance = -0.5", "running variance?"]);
    parameter(norm(None, two.view(), -1.0), &["eps = -1"]);
    parameter(norm(None, two.view(), f64::NAN), &["eps = NaN"]);
}

#[test]
fn norms() {
    parameter(LayerNorm::<F64>::plain(3, 1e-5).unwrap().output_shape(&[2, 4]), &["axes = 3", "2 axes"]);
    parameter(LayerNorm::<F64>::plain(0, 1e-5).unwrap().output_shape(&[2, 4]), &["axes = 0"]);
    parameter(LayerNorm::<F64>::plain(1, f64::INFINITY), &["eps = inf"]);
    shape(LayerNorm::<F64>::new(weight(1, &[4]), weight(1, &[3]), 1e-5), &["bias of LayerNorm", "[3]"]);
    invalid_shape(LayerNorm::<F64>::new(weight(1, &[]), None, 1e-5), &["weight of LayerNorm", "at least one"]);
    let norm = LayerNorm::<F64>::new(weight(1, &[4]), None, 1e-5).unwrap();
    shape(norm.output_shape(&[2, 5]), &["weight of LayerNorm", "[5]", "[4]"]);
    shape(RmsNorm::<F64>::new(weight(1, &[4]), 1e-5).unwrap().output_shape(&[2, 5]), &["RmsNorm", "[5]", "[4]"]);
    parameter(RmsNorm::<F64>::new(None, -1e-5), &["eps = -0.00001"]);
    parameter(GroupNorm::<F64>::new(3, weight(1, &[4]), None, 1e-5), &["groups = 3", "4 channels"]);
    parameter(GroupNorm::<F64>::new(0, None, None, 1e-5), &["groups = 0", "at least"]);
    shape(GroupNorm::<F64>::new(2, weight(1, &[4]), weight(1, &[2]), 1e-5), &["bias of GroupNorm", "[2]", "[4]"]);
    let norm = GroupNorm::<F64>::new(2, weight(1, &[4]), None, 1e-5).unwrap();
    shape(norm.output_shape(&[1, 6, 2]), &["weight of GroupNorm", "[6]", "[4]"]);
}

#[test]
fn pools() {
    let input = [1, 2, 5, 5];
    parameter(MaxPool2d::new(0).output_shape(&input), &["kernel = [0, 0]"]);
    parameter(AvgPool2d::new(2).stride([0, 1]).output_shape(&input), &["stride = [0, 1]"]);
    let lopsided = Padding { bottom: 2, ..Padding::default() };
    parameter(
        MaxPool2d::new(2).padding(lopsided).output_shape(&input),
        &["bottom: 2", "smaller than the window [2, 2]"],
    );
    invalid_shape(AvgPool2d::new(6).output_shape(&input), &["input of AvgPool2d", "spans 6 rows", "has 5"]);
    invalid_shape(MaxPool2d::new(2).output_shape(&[5, 5]), &["input of MaxPool2d", "2 axes"]);
    parameter(AdaptiveAvgPool2d::new([0, 2]).output_shape(&input), &["size = [0, 2]"]);
}

#[test]
fn axes_and_sizes() {
    parameter(Softmax::new(2).output_shape(&[1, 3]), &["axis = 2", "-2..2"]);
    parameter(LogSoftmax::new(-3).output_shape(&[1, 3]), &["axis = -3"]);
    parameter(Softmax::new(isize::MIN).output_shape(&[1, 3]), &["axis = -9223372036854775808"]);
    parameter(Flatten::new(1, 3).output_shape(&[1, 2, 3]), &["axis = 3"]);
    parameter(Flatten::new(2, 1).output_shape(&[1, 2, 3]), &["axes = 2..=1"]);
    parameter(Upsample2d::nearest([4, 0]).output_shape(&[1, 1, 2, 2]), &["size = [4, 0]"]);
    invalid_shape(Upsample2d::bilinear(usize::MAX).output_shape(&[1, 1, 2, 2]), &["too many elements"]);
    parameter(Pad2d::new(usize::MAX).output_shape(&[1, 1, 2, 2]), &["padding", "too many rows or columns"]);
    invalid_shape(Op::<F64>::Activation(Activation::Relu).output_shape(&[&[1, 0]]), &["[1, 0]", "no element"]);
}

#[test]
fn the_layers_check_before_they_compute() {
    let x = weight(1, &[1, 3, 5, 5]);
    invalid_shape(run(&conv(), &x), &["has 3 channels"]);
    let conv = conv();
    invalid_shape(vjp(&conv, &x), &["has 3 channels"]);
    parameter(run(&MaxPool2d::new(2).stride(0), &x), &["stride = [0, 0]"]);
    parameter(run(&Softmax::new(4), &x), &["axis = 4"]);
}
