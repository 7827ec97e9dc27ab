//! What the operations compute, against their formulas, where libtorch's own operation is not used as it is.

use ndarray::{ArrayD, IxDyn};
use tch::{Device, Kind};
use xai_core::nn::{
    Activation, AvgPool2d, BatchNorm2d, Conv2d, Embedding, Linear, MaxPool2d, Pad2d, Reduce, Reduction, Upsample2d,
    UpsampleMode,
};
use xai_core::{Backend, Error, Op, Tensor};

use xai_tch::LibTorch;

use crate::differences::{Torch64, numbers, upload};
use crate::ops::{ACTIVATIONS, OF_POSITIVE, UNEVEN, all_sides, value};

fn assert_close(what: &str, got: &ArrayD<f64>, expected: &ArrayD<f64>) {
    assert_eq!(got.shape(), expected.shape(), "{what}");
    let worst = (got - expected).iter().fold(0.0_f64, |m, d| m.max(d.abs()));
    assert!(worst < 1e-12, "{what}: off by {worst:e}");
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The activation's formula; `None` for those that need erf.
fn formula(activation: Activation, x: f64) -> Option<f64> {
    let relu6 = |x: f64| x.clamp(0.0, 6.0);
    Some(match activation {
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => relu6(x),
        Activation::LeakyRelu { slope } => {
            if x > 0.0 {
                x
            } else {
                slope * x
            }
        }
        Activation::Elu { alpha } => {
            if x > 0.0 {
                x
            } else {
                alpha * x.exp_m1()
            }
        }
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + inner.tanh())
        }
        Activation::Silu => x * sigmoid(x),
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::HardSwish => x * relu6(x + 3.0) / 6.0,
        Activation::HardSigmoid => relu6(x + 3.0) / 6.0,
        Activation::Softplus => softplus(x),
        Activation::Mish => x * softplus(x).tanh(),
        Activation::Exp => x.exp(),
        Activation::Abs => x.abs(),
        Activation::Power { exponent } => x.powf(exponent),
        Activation::Sin => x.sin(),
        Activation::Cos => x.cos(),
        Activation::Log => x.ln(),
        Activation::Sqrt => x.sqrt(),
        Activation::Reciprocal => 1.0 / x,
        _ => return None,
    })
}

#[test]
fn activations_are_their_formulas() {
    let x = numbers(&[200], 20) * 8.0;
    for activation in ACTIVATIONS {
        if formula(activation, 0.0).is_some() {
            let expected = x.mapv(|x| formula(activation, x).unwrap());
            let scale = expected.iter().fold(1.0_f64, |m, y: &f64| m.max(y.abs()));
            assert_close(&format!("{activation:?}"), &(value(activation, &x) / scale), &(expected / scale));
        }
    }
    let positive = x.mapv(|x| 0.1 + x.abs());
    for activation in OF_POSITIVE {
        let expected = positive.mapv(|x| formula(activation, x).unwrap());
        assert_close(&format!("{activation:?}"), &value(activation, &positive), &expected);
    }
    // erf(1), from tables.
    let erf = value(Activation::Erf, &ArrayD::from_elem(IxDyn(&[1]), 1.0));
    assert!((erf[0] - 0.842_700_792_949_715).abs() < 1e-12);
    // Φ(1) and Φ(-2), from tables.
    let gelu = value(Activation::Gelu, &ArrayD::from_shape_vec(IxDyn(&[2]), vec![1.0, -2.0]).unwrap());
    assert!((gelu[0] - 0.841_344_746_068_543).abs() < 1e-12 && (gelu[1] + 2.0 * 0.022_750_131_948_179).abs() < 1e-12);
}

#[test]
fn derivatives_at_kinks_are_pytorchs() {
    let at = |activation: Activation, x: f64| {
        let x = upload(&ArrayD::from_elem(IxDyn(&[1]), x));
        let (_, pullback) = Torch64::vjp(&activation.into(), &[&x], &[true]).unwrap();
        pullback.pull(&upload(&ArrayD::ones(IxDyn(&[1])))).unwrap().download().unwrap()[0]
    };
    assert_eq!(at(Activation::Relu, 0.0), 0.0);
    assert_eq!((at(Activation::Relu6, 0.0), at(Activation::Relu6, 6.0)), (0.0, 0.0));
    assert_eq!(at(Activation::LeakyRelu { slope: 0.2 }, 0.0), 0.2);
    assert_eq!(at(Activation::Elu { alpha: 1.0 }, 0.0), 1.0);
    assert_eq!(at(Activation::Elu { alpha: 0.7 }, 0.0), 0.7);
    assert_eq!((at(Activation::Abs, 0.0), at(Activation::Abs, -2.0)), (0.0, -1.0));
    assert_eq!((at(Activation::Sign, 0.0), at(Activation::Sign, 3.0)), (0.0, 0.0));
    let power = |exponent, x| at(Activation::Power { exponent }, x);
    assert_eq!((power(0.0, 0.0), power(0.0, 2.0)), (0.0, 0.0));
    assert_eq!((power(1.0, 0.0), power(2.0, 0.0), power(3.0, -2.0)), (1.0, 0.0, 12.0));
    assert_eq!((at(Activation::Sqrt, 0.0), at(Activation::Log, 0.0)), (f64::INFINITY, f64::INFINITY));
}

#[test]
fn the_sign_of_zero_is_zero_and_that_of_nan_is_nan() {
    let x = ArrayD::from_shape_vec(IxDyn(&[4]), vec![-2.0, 0.0, 5.0, f64::NAN]).unwrap();
    let sign = value(Activation::Sign, &x);
    assert!(sign[3].is_nan());
    assert_eq!(sign.as_slice().unwrap()[..3], [-1.0, 0.0, 1.0]);
}

#[test]
fn of_equal_extremes_the_first_gets_the_whole_gradient_and_nan_is_passed_on() {
    let x = ArrayD::from_shape_vec(IxDyn(&[2, 2, 2]), vec![1.0, 3.0, 3.0, 1.0, 2.0, 2.0, 2.0, 2.0]).unwrap();
    for (of, axes, first) in [
        (Reduction::Max, vec![1, 2], [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
        (Reduction::Min, vec![2, 1], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
        (Reduction::Max, vec![0, 1, 2], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        (Reduction::Max, vec![2], [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]),
    ] {
        let (y, pullback) = Torch64::vjp(&Reduce { of, axes }.into(), &[&upload(&x)], &[true]).unwrap();
        let gradient = pullback.pull(&y.affine(0.0, 1.0).unwrap()).unwrap().download().unwrap();
        assert_eq!(gradient.into_raw_vec_and_offset().0, first, "{of:?}");
    }
    let x = ArrayD::from_shape_vec(IxDyn(&[1, 3]), vec![1.0, f64::NAN, 2.0]).unwrap();
    for of in [Reduction::Max, Reduction::Min] {
        assert!(value(Reduce { of, axes: vec![1] }, &x)[[0, 0]].is_nan());
    }
}

#[test]
fn rows_of_a_table_by_numbers_of_any_kind() {
    let table = numbers(&[5, 3], 29);
    let op = Op::from(Embedding::new(upload(&table)).unwrap());
    let ids = ArrayD::from_shape_vec(IxDyn(&[2, 2]), vec![4.0, 0.0, 2.0, 4.0]).unwrap();
    let expected = ArrayD::from_shape_fn(IxDyn(&[2, 2, 3]), |i| table[[ids[[i[0], i[1]]] as usize, i[2]]]);
    for kind in [Kind::Double, Kind::Float, Kind::Int64] {
        let ids = Tensor::<Torch64>::upload(ids.view(), &(Device::Cpu, kind).into()).unwrap();
        assert_eq!(Torch64::forward(&op, &[&ids]).unwrap().download().unwrap(), expected, "{kind:?}");
    }
    for id in [5.0, -1.0, 0.5, f64::NAN] {
        let ids = upload(&ArrayD::from_elem(IxDyn(&[1, 1]), id));
        let error = Torch64::forward(&op, &[&ids]).unwrap_err();
        assert!(matches!(error, Error::InvalidParameter { name: "id", .. }), "{error}");
    }
}

/// The padded image, as a function of (sample, channel, row, column); `None` in the padding.
fn pixel(x: &ArrayD<f64>, place: [usize; 2], row: usize, column: usize) -> Option<f64> {
    let (row, column) = (row.checked_sub(UNEVEN.top)?, column.checked_sub(UNEVEN.left)?);
    x.get([place[0], place[1], row, column]).copied()
}

/// Windows of 3 × 2 over the unevenly padded image, stride 2 × 1, each reduced.
fn windows(x: &ArrayD<f64>, reduce: impl Fn(Vec<Option<f64>>) -> f64) -> ArrayD<f64> {
    let (rows, columns) = (x.shape()[2] + UNEVEN.top + UNEVEN.bottom, x.shape()[3] + UNEVEN.left + UNEVEN.right);
    let shape = [x.shape()[0], x.shape()[1], (rows - 3) / 2 + 1, columns - 2 + 1];
    ArrayD::from_shape_fn(IxDyn(&shape), |i| {
        let spots = (0..3).flat_map(|r| (0..2).map(move |c| (r, c)));
        reduce(spots.map(|(r, c)| pixel(x, [i[0], i[1]], 2 * i[2] + r, i[3] + c)).collect())
    })
}

#[test]
fn uneven_padding() {
    let x = numbers(&[2, 1, 7, 6], 21);
    let (kernel, stride, padding) = ([3, 2], [2, 1], UNEVEN);

    let max = windows(&x, |w| w.into_iter().flatten().fold(f64::NEG_INFINITY, f64::max));
    assert_close("max", &value(MaxPool2d { kernel, stride, padding }, &x), &max);

    let avg = |count_include_pad| value(AvgPool2d { kernel, stride, padding, count_include_pad }, &x);
    assert_close("avg with padding", &avg(true), &windows(&x, |w| w.into_iter().flatten().sum::<f64>() / 6.0));
    let of_pixels = |w: Vec<Option<f64>>| {
        let pixels: Vec<f64> = w.into_iter().flatten().collect();
        pixels.iter().sum::<f64>() / pixels.len().max(1) as f64
    };
    assert_close("avg without padding", &avg(false), &windows(&x, of_pixels));

    let weight = numbers(&[1, 1, 3, 2], 22);
    let op = Conv2d {
        weight: upload(&weight).into(),
        bias: None,
        stride,
        padding: padding.into(),
        dilation: [1, 1],
        groups: 1,
    };
    let conv = windows(&x, |w| w.iter().zip(&weight).map(|(p, k)| p.unwrap_or(0.0) * k).sum());
    assert_close("conv", &value(op, &x), &conv);

    let padded = value(Pad2d { padding, value: -3.0 }, &x);
    let expected = ArrayD::from_shape_fn(IxDyn(&[2, 1, 9, 7]), |i| pixel(&x, [i[0], i[1]], i[2], i[3]).unwrap_or(-3.0));
    assert_close("pad", &padded, &expected);
}

#[test]
fn padding_of_more_than_half_the_window() {
    let x = numbers(&[1, 1, 3, 3], 23);
    let pad = all_sides(2);
    let op = AvgPool2d { kernel: [2, 2], stride: [2, 2], padding: pad, count_include_pad: false };
    let y = value(op, &x);
    assert_eq!(y[[0, 0, 0, 0]], 0.0, "a window of padding alone has the mean 0");
    let max = value(MaxPool2d { kernel: [2, 2], stride: [2, 2], padding: pad }, &x);
    assert_eq!(max[[0, 0, 0, 0]], f64::NEG_INFINITY, "padding counts as -∞");
    assert!(
        (y[[0, 0, 1, 1]] - (x[[0, 0, 0, 0]] + x[[0, 0, 0, 1]] + x[[0, 0, 1, 0]] + x[[0, 0, 1, 1]]) / 4.0).abs() < 1e-12
    );
}

#[test]
fn nearest_is_exact_where_single_precision_is_not() {
    for (from, to) in [(2, 82), (3, 123), (2, 94), (4, 3), (3, 7)] {
        let x = numbers(&[1, 1, from, 5], 24);
        let y = value(Upsample2d { size: [to, 5], mode: UpsampleMode::Nearest }, &x);
        let expected = ArrayD::from_shape_fn(IxDyn(&[1, 1, to, 5]), |i| x[[0, 0, i[2] * from / to, i[3]]]);
        assert_eq!(y, expected, "{from} to {to}");
    }
}

#[test]
fn a_tie_in_max_pooling_goes_to_the_first() {
    let op = MaxPool2d { kernel: [2, 2], stride: [2, 2], padding: all_sides(0) };
    let (y, pullback) = Torch64::vjp(&op.into(), &[&upload(&ArrayD::ones(IxDyn(&[1, 1, 2, 2])))], &[true]).unwrap();
    let gradient = pullback.pull(&y).unwrap().download().unwrap();
    assert_eq!(gradient.into_raw_vec_and_offset().0, [1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn wrong_shapes_are_errors() {
    let op = Op::from(Conv2d::new(upload(&numbers(&[1, 3, 2, 2], 25)), None).unwrap());
    for shape in [&[][..], &[3], &[1, 2, 5, 5], &[1, 3, 1, 1]] {
        let x = upload(&numbers(shape, 26));
        let error = Torch64::forward(&op, &[&x]).unwrap_err().to_string();
        assert!(error.contains("Conv2d"), "{error}");
        assert!(Torch64::vjp(&op, &[&x], &[true]).is_err());
    }
    let linear = Op::from(Linear::new(upload(&numbers(&[2, 3], 27)), None).unwrap());
    let error = Torch64::forward(&linear, &[&upload(&numbers(&[1, 4], 28))]).unwrap_err().to_string();
    assert!(error.starts_with("libtorch: ") && !error.contains("Exception raised"), "{error}");
}

/// A network whose numbers round as PyTorch's do passes the kinks of its relus on the same side.
#[test]
fn batch_norm_is_libtorchs_to_the_last_bit() {
    let single = |shape: &[usize], seed| numbers(shape, seed).mapv(|v| v as f32);
    let [weight, bias, mean, var] = [91, 92, 93, 94].map(|seed| single(&[64], seed));
    let (x, var) = (single(&[2, 64, 5, 3], 95), var + 1.5);
    let upload = |a: &ArrayD<f32>| Tensor::<LibTorch<f32>>::upload(a.view(), &Device::Cpu.into()).unwrap();
    let norm = BatchNorm2d::<LibTorch<f32>>::batch_norm(
        Some(weight.view()),
        Some(bias.view()),
        mean.view(),
        var.view(),
        1e-3,
        &Device::Cpu.into(),
    );
    let got = LibTorch::<f32>::forward(&norm.unwrap().into(), &[&upload(&x)]).unwrap();
    let [w, b, m, v] = [&weight, &bias, &mean, &var].map(|a| upload(a).into_inner());
    let own = upload(&x).into_inner().f_batch_norm(Some(w), Some(b), Some(m), Some(v), false, 0.0, 1e-3, false);
    assert_eq!(got.inner(), &own.unwrap());
}
