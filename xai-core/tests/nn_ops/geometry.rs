//! Convolutions of any geometry.

use proptest::prelude::*;
use xai_core::nn::{Conv2d, ConvPadding, MaxPool2d, Padding};

use crate::nn_ops::conv::by_definition;
use crate::nn_ops::jacobian::{forward, pulled};
use crate::nn_ops::numbers::{F64, noise, weight};

fn pair(range: std::ops::Range<usize>) -> impl Strategy<Value = [usize; 2]> {
    [range.clone(), range]
}

prop_compose! {
    fn padding()(sides in [0..4_usize, 0..4, 0..4, 0..4]) -> ConvPadding {
        let [top, bottom, left, right] = sides;
        Padding { top, bottom, left, right }.into()
    }
}

prop_compose! {
    fn convolution()(
        groups in 1..4_usize,
        inputs in 1..3_usize,
        outputs in 1..3_usize,
        kernel in pair(1..4),
        stride in pair(1..4),
        dilation in pair(1..3),
        padding in prop_oneof![padding(), Just(ConvPadding::Same)],
        bias in any::<bool>(),
    ) -> Conv2d<F64> {
        let shape = [groups * outputs, inputs, kernel[0], kernel[1]];
        let bias = bias.then(|| weight(5, &shape[..1]));
        Conv2d::new(weight(4, &shape), bias).unwrap().groups(groups).stride(stride).dilation(dilation).padding(padding)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn convolves_as_defined_and_back_as_its_adjoint(conv in convolution(), batch in 1..3_usize, size in pair(1..9)) {
        let channels = conv.weight.shape()[1] * conv.groups;
        let shape = [batch, channels, size[0], size[1]];
        let Ok(output) = conv.output_shape(&shape) else {
            // Refused for one reason alone: the kernel does not fit.
            let geometry_error = conv.geometry(&shape).unwrap_err().to_string();
            prop_assert!(geometry_error.contains("the kernel spans"), "{}", geometry_error);
            return Ok(());
        };
        let x = noise(6, &shape);
        let y = forward(&conv, &x);
        prop_assert_eq!(y.shape(), &output[..]);
        let expected = by_definition(&conv, &x);
        prop_assert!((&y - &expected).iter().all(|d| d.abs() < 1e-12));
        // Without the bias it is linear: ⟨v, A·x⟩ = ⟨Aᵀ·v, x⟩.
        let v = noise(8, &output);
        let zero = forward(&conv, &(&x * 0.0));
        let (left, right) = ((&v * &(&y - &zero)).sum(), (pulled(&conv, &x, &v) * &x).sum());
        prop_assert!((left - right).abs() < 1e-10 * (1.0 + left.abs()), "{} {}", left, right);
    }

    #[test]
    fn same_padding_keeps_the_promised_size(
        size in pair(1..40),
        kernel in pair(1..8),
        stride in pair(1..6),
        dilation in pair(1..4),
    ) {
        let conv = Conv2d::new(weight(1, &[1, 1, kernel[0], kernel[1]]), None).unwrap();
        let conv = conv.stride(stride).dilation(dilation).padding(ConvPadding::Same);
        let geometry = conv.geometry(&[1, 1, size[0], size[1]]).unwrap();
        prop_assert_eq!(geometry.output, [size[0].div_ceil(stride[0]), size[1].div_ceil(stride[1])]);
        let Padding { top, bottom, left, right } = geometry.padding;
        prop_assert!(bottom - top <= 1 && right - left <= 1);
    }

    #[test]
    fn every_pool_window_meets_the_image(
        size in pair(1..9),
        kernel in pair(1..5),
        stride in pair(1..5),
        sides in [0..4_usize, 0..4, 0..4, 0..4],
    ) {
        let [top, bottom] = [0, 1].map(|i| sides[i] % kernel[0]);
        let [left, right] = [2, 3].map(|i| sides[i] % kernel[1]);
        let pool = MaxPool2d::new(kernel).stride(stride).padding(Padding { top, bottom, left, right });
        let shape = [1, 1, size[0], size[1]];
        prop_assume!(pool.output_shape(&shape).is_ok());
        let y = forward(&pool, &noise(2, &shape));
        prop_assert!(y.iter().all(|v| v.is_finite()));
        prop_assert_eq!(y.shape(), &pool.output_shape(&shape).unwrap()[..]);
    }
}
