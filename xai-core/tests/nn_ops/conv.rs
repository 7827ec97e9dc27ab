use ndarray::{Array4, ArrayD, Ix1, Ix4};
use xai_core::nn::{Conv2d, ConvPadding, Padding};

use crate::nn_ops::jacobian::{assert_directions, assert_jacobian, forward, graph, is_affine, vjp};
use crate::nn_ops::numbers::{F64, array, assert_close, noise, tensor, weight};

/// The definition, term by term.
pub(crate) fn by_definition(conv: &Conv2d<F64>, x: &ArrayD<f64>) -> ArrayD<f64> {
    let g = conv.geometry(x.shape()).unwrap();
    let x = x.view().into_dimensionality::<Ix4>().unwrap();
    let w = conv.weight.tensor().download().unwrap().into_dimensionality::<Ix4>().unwrap();
    let bias = conv.bias.as_ref().map(|b| b.tensor().download().unwrap().into_dimensionality::<Ix1>().unwrap());
    let (_, group_channels, kh, kw) = w.dim();
    let [batch, outputs, rows, columns] = g.output_shape();
    let y = Array4::from_shape_fn((batch, outputs, rows, columns), |(b, k, oy, ox)| {
        let group = k / (outputs / g.groups);
        let mut sum = bias.as_ref().map_or(0.0, |bias| bias[k]);
        for c in 0..group_channels {
            for ky in 0..kh {
                for kx in 0..kw {
                    let y = (oy * g.stride[0] + ky * g.dilation[0]) as isize - g.padding.top as isize;
                    let x_ = (ox * g.stride[1] + kx * g.dilation[1]) as isize - g.padding.left as isize;
                    if (0..g.input[0] as isize).contains(&y) && (0..g.input[1] as isize).contains(&x_) {
                        sum += w[[k, c, ky, kx]] * x[[b, group * group_channels + c, y as usize, x_ as usize]];
                    }
                }
            }
        }
        sum
    });
    y.into_dyn()
}

#[track_caller]
fn check(conv: &Conv2d<F64>, input: &[usize]) {
    let x = noise(7, input);
    assert_close(&forward(conv, &x), &by_definition(conv, &x), 1e-13);
    assert_jacobian(conv, &x);
}

fn conv(weight_shape: [usize; 4]) -> Conv2d<F64> {
    Conv2d::new(weight(1, &weight_shape), None).unwrap()
}

#[test]
fn sums_by_hand() {
    let conv = Conv2d::new(tensor(&array(&[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0])), tensor(&array(&[1], &[0.5]))).unwrap();
    let x = array(&[1, 1, 3, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    assert_eq!(forward(&conv, &x), array(&[1, 1, 2, 2], &[37.5, 47.5, 67.5, 77.5]));
    // One row and one column of zeros below and right, as TensorFlow pads a kernel of 2.
    let same = conv.padding(ConvPadding::Same);
    assert_eq!(forward(&same, &x), array(&[1, 1, 3, 3], &[37.5, 47.5, 21.5, 67.5, 77.5, 33.5, 23.5, 26.5, 9.5]));
}

#[test]
fn plain_and_pointwise() {
    check(&conv([2, 3, 3, 3]), &[2, 3, 5, 4]);
    check(&conv([4, 3, 1, 1]), &[2, 3, 2, 3]);
    check(&Conv2d::new(weight(1, &[2, 1, 3, 2]), weight(2, &[2])).unwrap(), &[1, 1, 4, 3]);
}

#[test]
fn strides_that_leave_a_remainder() {
    check(&conv([2, 2, 3, 3]).stride(2), &[1, 2, 6, 8]);
    check(&conv([2, 2, 2, 3]).stride([3, 1]), &[1, 2, 6, 4]);
    check(&conv([2, 1, 1, 1]).stride([2, 3]), &[1, 1, 5, 6]);
}

#[test]
fn dilations() {
    check(&conv([2, 2, 2, 2]).dilation(2), &[1, 2, 4, 5]);
    check(&conv([1, 2, 3, 2]).dilation([2, 3]).stride([1, 2]).padding([2, 1]), &[1, 2, 5, 6]);
}

#[test]
fn groups_and_depthwise() {
    check(&conv([4, 2, 2, 3]).groups(2).padding(1), &[2, 4, 3, 3]);
    check(&conv([3, 1, 3, 3]).groups(3).padding(1).stride(2), &[2, 3, 5, 4]);
    // Two outputs for each channel.
    check(&Conv2d::new(weight(1, &[6, 1, 2, 2]), weight(2, &[6])).unwrap().groups(3), &[1, 3, 3, 3]);
}

#[test]
fn paddings_larger_than_the_image_and_lopsided() {
    let lopsided = Padding { top: 0, bottom: 3, left: 2, right: 1 };
    check(&conv([2, 2, 3, 2]).padding(lopsided).stride([2, 1]), &[1, 2, 3, 4]);
    check(&conv([1, 1, 3, 3]).padding(4), &[1, 1, 1, 2]);
}

#[test]
fn same_padding_of_each_stride() {
    for (size, kernel, stride, expected) in [
        ([5, 6], [3, 3], [1, 1], [1, 1, 1, 1]),
        ([6, 6], [3, 3], [2, 2], [0, 1, 0, 1]),
        ([5, 7], [5, 5], [2, 2], [2, 2, 2, 2]),
        ([6, 8], [5, 5], [2, 2], [1, 2, 1, 2]),
        ([7, 6], [1, 2], [3, 4], [0, 0, 0, 0]),
    ] {
        let conv = conv([1, 1, kernel[0], kernel[1]]).stride(stride).padding(ConvPadding::Same);
        let geometry = conv.geometry(&[1, 1, size[0], size[1]]).unwrap();
        let Padding { top, bottom, left, right } = geometry.padding;
        assert_eq!([top, bottom, left, right], expected, "{size:?} {kernel:?} {stride:?}");
        assert_eq!(geometry.output, [size[0].div_ceil(stride[0]), size[1].div_ceil(stride[1])]);
        check(&conv, &[1, 1, size[0], size[1]]);
    }
}

#[test]
fn a_larger_one_along_random_directions() {
    let conv =
        Conv2d::new(weight(1, &[8, 3, 3, 5]), weight(2, &[8])).unwrap().stride([2, 1]).padding(ConvPadding::Same);
    assert_directions(&conv, &noise(3, &[3, 3, 17, 14]));
}

#[test]
fn the_pullback_may_be_called_again_and_checks_its_cotangent() {
    let conv = conv([2, 1, 2, 2]);
    let (_, pullback) = vjp(&conv, &weight(2, &[1, 1, 3, 3])).unwrap();
    let v = weight(3, &[1, 2, 2, 2]);
    let first = pullback.pull(&v).unwrap().download().unwrap();
    assert_eq!(first, pullback.pull(&v).unwrap().download().unwrap());
    let error = pullback.pull(&weight(3, &[1, 2, 2, 3])).unwrap_err();
    assert_eq!(error.to_string(), "cotangent: expected shape [1, 2, 2, 2], got [1, 2, 2, 3]");
}

#[test]
fn is_affine_and_knows_its_place() {
    assert!(is_affine(&conv([1, 1, 1, 1]), &[1, 1, 2, 2]));
    assert!(graph(&conv([1, 1, 1, 1]), &[1, 1, 2, 2]).unwrap().placement().is_some());
}
