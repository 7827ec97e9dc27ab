use ndarray::{Array4, ArrayD, Ix1, Ix4};
use proptest::prelude::*;
use xai_core::nn::{Conv2d, ConvPadding, ConvTranspose2d, Padding};

use crate::nn_ops::jacobian::{assert_jacobian, forward, is_affine, pulled};
use crate::nn_ops::numbers::{F64, array, assert_close, noise, tensor, weight};

/// The definition: every pixel of the input writes the kernel.
fn by_definition(conv: &ConvTranspose2d<F64>, x: &ArrayD<f64>) -> ArrayD<f64> {
    let shape = conv.output_shape(x.shape()).unwrap();
    let x = x.view().into_dimensionality::<Ix4>().unwrap();
    let w = conv.weight.tensor().download().unwrap().into_dimensionality::<Ix4>().unwrap();
    let bias = conv.bias.as_ref().map(|b| b.tensor().download().unwrap().into_dimensionality::<Ix1>().unwrap());
    let mut y = Array4::zeros([shape[0], shape[1], shape[2], shape[3]]);
    if let Some(bias) = bias {
        for (mut plane, &b) in y.axis_iter_mut(ndarray::Axis(1)).zip(&bias) {
            plane.fill(b);
        }
    }
    let (channels, per_group, _, _) = w.dim();
    for ((b, c, i, j), &value) in x.indexed_iter() {
        let group = c / (channels / conv.groups);
        for ((from, k, u, v), &w) in w.indexed_iter() {
            let row = (i * conv.stride[0] + u * conv.dilation[0]) as isize - conv.padding.top as isize;
            let column = (j * conv.stride[1] + v * conv.dilation[1]) as isize - conv.padding.left as isize;
            let inside = (0..shape[2] as isize).contains(&row) && (0..shape[3] as isize).contains(&column);
            if from == c && inside {
                y[[b, group * per_group + k, row as usize, column as usize]] += w * value;
            }
        }
    }
    y.into_dyn()
}

#[track_caller]
fn check(conv: &ConvTranspose2d<F64>, input: &[usize]) {
    let x = noise(7, input);
    assert_close(&forward(conv, &x), &by_definition(conv, &x), 1e-13);
    assert_jacobian(conv, &x);
    assert!(is_affine(conv, input));
}

fn conv(weight_shape: [usize; 4]) -> ConvTranspose2d<F64> {
    ConvTranspose2d::new(weight(1, &weight_shape), None).unwrap()
}

#[test]
fn sums_by_hand() {
    let up = ConvTranspose2d::new(tensor(&array(&[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0])), tensor(&array(&[1], &[0.5])))
        .unwrap();
    let x = array(&[1, 1, 2, 2], &[1.0, 10.0, 100.0, 1000.0]);
    // Kernels that overlap where the stride is 1: the middle is 1000 · 1 + 100 · 2 + 10 · 3 + 1 · 4.
    let sums = [1.5, 12.5, 20.5, 103.5, 1234.5, 2040.5, 300.5, 3400.5, 4000.5];
    assert_eq!(forward(&up, &x), array(&[1, 1, 3, 3], &sums));
    // What the padding cuts off.
    assert_eq!(forward(&up.clone().padding(1), &x), array(&[1, 1, 1, 1], &[1234.5]));
    let lopsided = Padding { top: 1, bottom: 0, left: 0, right: 2 };
    assert_eq!(forward(&up.clone().padding(lopsided), &x), array(&[1, 1, 2, 1], &[103.5, 300.5]));
    // Kernels side by side, and the bias alone in what is added.
    let x = array(&[1, 1, 1, 2], &[1.0, 10.0]);
    let up = up.stride(2).output_padding([0, 1]);
    let sums = [1.5, 2.5, 10.5, 20.5, 0.5, 3.5, 4.5, 30.5, 40.5, 0.5];
    assert_eq!(forward(&up, &x), array(&[1, 1, 2, 5], &sums));
    let v = array(&[1, 1, 2, 5], &[1.0, 0.0, 0.0, 1.0, 9.0, 0.0, 1.0, 1.0, 0.0, 9.0]);
    assert_eq!(pulled(&up, &x, &v), array(&[1, 1, 1, 2], &[5.0, 5.0]));
}

#[test]
fn strides_paddings_and_output_paddings() {
    check(&conv([3, 2, 3, 3]), &[2, 3, 2, 3]);
    check(&conv([2, 2, 3, 3]).stride(2).padding(1).output_padding(1), &[1, 2, 3, 2]);
    check(&conv([2, 1, 2, 3]).stride([3, 2]).output_padding([2, 0]).padding([0, 1]), &[1, 2, 2, 3]);
    check(&conv([1, 2, 2, 2]).stride(3), &[1, 1, 2, 2]);
    let lopsided = Padding { top: 0, bottom: 2, left: 1, right: 0 };
    check(&conv([1, 1, 3, 3]).stride(2).padding(lopsided).output_padding([1, 0]), &[1, 1, 2, 3]);
}

#[test]
fn dilations_groups_and_biases() {
    check(&conv([2, 2, 2, 3]).dilation([3, 2]), &[1, 2, 3, 2]);
    // As in PyTorch, the output padding may reach the stride where the dilation is larger.
    check(&conv([1, 1, 2, 2]).dilation(3).output_padding([2, 1]), &[1, 1, 2, 2]);
    check(&ConvTranspose2d::new(weight(1, &[4, 3, 2, 2]), weight(2, &[6])).unwrap().groups(2).stride(2), &[1, 4, 2, 2]);
    check(&ConvTranspose2d::new(weight(1, &[3, 1, 3, 3]), weight(2, &[3])).unwrap().groups(3), &[2, 3, 2, 2]);
}

prop_compose! {
    fn transposed()(
        groups in 1..4_usize,
        channels in [1..3_usize, 1..3],
        kernel in [1..4_usize, 1..4],
        stride in [1..4_usize, 1..4],
        dilation in [1..4_usize, 1..4],
        sides in [0..3_usize, 0..3, 0..3, 0..3],
        more in [0..4_usize, 0..4],
        bias in any::<bool>(),
    ) -> ConvTranspose2d<F64> {
        let shape = [groups * channels[0], channels[1], kernel[0], kernel[1]];
        let bias = bias.then(|| weight(5, &[groups * channels[1]]));
        let [top, bottom, left, right] = sides;
        ConvTranspose2d::new(weight(4, &shape), bias)
            .unwrap()
            .groups(groups)
            .stride(stride)
            .dilation(dilation)
            .padding(Padding { top, bottom, left, right })
            .output_padding([0, 1].map(|axis| more[axis] % stride[axis].max(dilation[axis])))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn writes_as_defined_and_back_as_its_adjoint(
        conv in transposed(),
        batch in 1..3_usize,
        size in [1..6_usize, 1..6],
    ) {
        let shape = [batch, conv.weight.shape()[0], size[0], size[1]];
        let Ok(output) = conv.output_shape(&shape) else {
            // Refused for one reason alone: the padding.
            let error = conv.geometry(&shape).unwrap_err().to_string();
            prop_assert!(error.contains("leaves nothing"), "{}", error);
            return Ok(());
        };
        let x = noise(6, &shape);
        let y = forward(&conv, &x);
        prop_assert_eq!(y.shape(), &output[..]);
        prop_assert!((&y - &by_definition(&conv, &x)).iter().all(|d| d.abs() < 1e-12));
        // Without the bias it is linear: ⟨v, A·x⟩ = ⟨Aᵀ·v, x⟩.
        let v = noise(8, &output);
        let zero = forward(&conv, &(&x * 0.0));
        let (left, right) = ((&v * &(&y - &zero)).sum(), (pulled(&conv, &x, &v) * &x).sum());
        prop_assert!((left - right).abs() < 1e-10 * (1.0 + left.abs()), "{} {}", left, right);
    }

    #[test]
    fn is_the_gradient_of_a_convolution(
        groups in 1..3_usize,
        kernel in [1..4_usize, 1..4],
        stride in [1..3_usize, 1..3],
        size in [3..7_usize, 3..7],
    ) {
        let weights = weight(4, &[2 * groups, 3, kernel[0], kernel[1]]);
        let padding = ConvPadding::Same;
        let conv = Conv2d::new(weights.clone(), None).unwrap().stride(stride).groups(groups).padding(padding);
        let geometry = conv.geometry(&[1, 3 * groups, size[0], size[1]]).unwrap();
        // What the last window leaves over is the output padding.
        let Padding { top, bottom, left, right } = geometry.padding;
        let over = [0, 1].map(|axis| {
            let border = [top + bottom, left + right][axis];
            (size[axis] + border - kernel[axis]) % stride[axis]
        });
        let up = ConvTranspose2d::new(weights, None).unwrap().stride(stride).groups(groups);
        let up = up.padding(geometry.padding).output_padding(over);
        let v = noise(9, &geometry.output_shape());
        let x = noise(10, &geometry.input_shape());
        prop_assert_eq!(forward(&up, &v), pulled(&conv, &x, &v));
        prop_assert_eq!(pulled(&up, &v, &x), forward(&conv, &x));
    }
}
