//! Every function of `ops`, on candle's tape, against finite differences.

use candle_core::{Result, Tensor, Var};
use candle_nn::{Conv1d, Conv1dConfig, LayerNorm};
use xai_candle::ops;
use xai_candle_tests::device;
use xai_core::nn::{ConvPadding, Padding};

use crate::finite_differences::{assert_close, gradient, numbers};

/// Compares candle's backward pass through the function with finite differences.
fn check(what: &str, f: impl Fn(&Tensor) -> Result<Tensor>, shape: &[usize]) {
    let x = numbers(shape, 1);
    let plain = f(&x).unwrap();
    assert!(!plain.track_op(), "{what} taped an untracked input");
    let v = numbers(plain.dims(), 2);
    let var = Var::from_tensor(&x).unwrap();
    // Something before and something after it on the tape.
    let y = f(&var.affine(1.0, 0.0).unwrap()).unwrap();
    let difference = (&y - &plain).unwrap().abs().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap();
    assert_eq!(difference, 0.0, "{what}");
    let gradients = (y * &v).unwrap().sum_all().unwrap().backward().unwrap();
    assert_close(what, gradients.get(&var).unwrap(), &gradient(&f, &x, &v), 1e-7);
}

#[test]
fn convolutions() {
    let weight = |shape: &[usize]| numbers(shape, 3);
    let (dense, bias) = (weight(&[4, 3, 3, 2]), weight(&[4]));
    let side = Padding { top: 0, bottom: 2, left: 1, right: 0 };
    check("plain", |x| ops::conv2d(x, &dense, Some(&bias), 0, 1, 1, 1), &[2, 3, 5, 4]);
    check("9x8, stride 2", |x| ops::conv2d(x, &dense, None, 1, 2, 1, 1), &[1, 3, 9, 8]);
    check("dilated", |x| ops::conv2d(x, &dense, None, 2, 1, 2, 1), &[1, 3, 6, 5]);
    check("uneven", |x| ops::conv2d(x, &dense, None, side, [1, 3], [2, 1], 1), &[1, 3, 6, 8]);
    check("same", |x| ops::conv2d(x, &dense, None, ConvPadding::Same, 2, 1, 1), &[1, 3, 7, 6]);
    let grouped = weight(&[6, 2, 3, 3]);
    check("groups", |x| ops::conv2d(x, &grouped, None, 1, 2, 1, 2), &[1, 4, 6, 5]);
    let depthwise = weight(&[4, 1, 3, 3]);
    check("depthwise", |x| ops::conv2d(x, &depthwise, None, 1, 1, 1, 4), &[1, 4, 5, 4]);
    let doubling = weight(&[6, 1, 2, 3]);
    check("depthwise, two for one", |x| ops::conv2d(x, &doubling, None, 1, 2, 1, 3), &[1, 3, 5, 6]);
}

#[test]
fn convolutions_with_the_norm_behind_them() {
    let (kernel, turned) = (numbers(&[4, 3, 3, 3], 3), numbers(&[4, 3, 1, 1], 4));
    let [mean, weight, bias] = [5, 6, 7].map(|seed| numbers(&[4], seed));
    let variance = numbers(&[4], 8).sqr().unwrap();
    let conv = |x: &Tensor| ops::conv2d(x, &kernel, None, 1, 2, 1, 1);
    let norm = |x: &Tensor| ops::batch_norm(x, &mean, &variance, Some((&weight, &bias)), 1e-5);
    let shape = [2, 3, 6, 5];
    check("conv and norm", |x| norm(&conv(x)?), &shape);
    check("a norm of a norm", |x| norm(&norm(&conv(x)?)?), &shape);
    // What is between them is read by others as well.
    check("conv, norm and what is between", |x| conv(x).and_then(|y| norm(&y)? * &y), &shape);
    check("two norms", |x| conv(x).and_then(|y| norm(&y)?.sqr()? + norm(&y)?), &shape);
    let another = |x: &Tensor| ops::conv2d(x, &turned, None, 0, 2, 1, 1);
    check(
        "two convs and their norms",
        |x| {
            let (a, b) = (conv(x)?, another(x)?);
            norm(&a)? + norm(&b)?.sqr()?
        },
        &shape,
    );
}

#[test]
fn pools() {
    let side = Padding { top: 1, bottom: 0, left: 0, right: 2 };
    let shape = [1, 2, 7, 6];
    for (kernel, stride, padding) in [
        ([2, 2], [2, 2], Padding::default()),
        ([3, 3], [2, 2], Padding::all(1)),
        ([3, 3], [1, 1], side),
        ([2, 3], [3, 2], side),
    ] {
        let name = format!("{kernel:?} {stride:?} {padding:?}");
        check(&format!("max {name}"), |x| ops::max_pool2d(x, kernel, stride, padding), &shape);
        check(&format!("mean {name}"), |x| ops::avg_pool2d(x, kernel, stride, padding, true), &shape);
        check(&format!("mean without {name}"), |x| ops::avg_pool2d(x, kernel, stride, padding, false), &shape);
    }
    for size in [[1, 1], [3, 4], [7, 6], [9, 2]] {
        check(&format!("adaptive mean {size:?}"), |x| ops::adaptive_avg_pool2d(x, size), &shape);
        check(&format!("adaptive max {size:?}"), |x| ops::adaptive_max_pool2d(x, size), &shape);
    }
}

#[test]
fn sizes() {
    for size in [[6, 8], [5, 9], [2, 3], [1, 1]] {
        check(&format!("nearest {size:?}"), |x| ops::upsample_nearest2d(x, size), &[1, 2, 3, 4]);
        check(&format!("bilinear {size:?}"), |x| ops::upsample_bilinear2d(x, size, false), &[1, 2, 3, 4]);
        check(&format!("aligned {size:?}"), |x| ops::upsample_bilinear2d(x, size, true), &[1, 2, 3, 4]);
    }
    let side = Padding { top: 1, bottom: 0, left: 2, right: 3 };
    check("pad", |x| ops::pad2d(x, side, -1.5), &[2, 1, 3, 2]);
}

#[test]
fn norms_and_linear() {
    let (w, b) = (numbers(&[5], 4), numbers(&[5], 5));
    check("layer norm", |x| ops::layer_norm(x, &w, Some(&b), 1e-5), &[2, 3, 5]);
    let plane = numbers(&[3, 5], 6);
    check("layer norm of two axes", |x| ops::layer_norm(x, &plane, None, 1e-3), &[2, 3, 5]);
    check("rms norm", |x| ops::rms_norm(x, &w, 1e-5), &[2, 3, 5]);
    let (w, b) = (numbers(&[6], 7), numbers(&[6], 8));
    check("group norm", |x| ops::group_norm(x, 3, Some(&w), Some(&b), 1e-5), &[2, 6, 2, 3]);
    let variance = numbers(&[6], 9).sqr().unwrap();
    check("batch norm", |x| ops::batch_norm(x, &b, &variance, Some((&w, &b)), 1e-3), &[2, 6, 2]);
    check("plain batch norm", |x| ops::batch_norm(x, &b, &variance, None, 1e-3), &[2, 6]);
    let weight = numbers(&[4, 6], 10);
    check("linear", |x| ops::linear(x, &weight, None), &[2, 3, 6]);
}

#[test]
fn functions() {
    type F = fn(&Tensor) -> Result<Tensor>;
    let all: [(&str, F); 16] = [
        ("relu", |x| ops::relu(x)),
        ("relu6", |x| ops::relu6(&x.affine(5.0, 0.0)?)),
        ("leaky relu", |x| ops::leaky_relu(x, 0.1)),
        ("elu", |x| ops::elu(x, 0.7)),
        ("gelu", |x| ops::gelu(x)),
        ("gelu by tanh", |x| ops::gelu_tanh(x)),
        ("silu", |x| ops::silu(x)),
        ("sigmoid", |x| ops::sigmoid(x)),
        ("tanh", |x| ops::tanh(x)),
        ("hard swish", |x| ops::hard_swish(&x.affine(3.0, 0.0)?)),
        ("hard sigmoid", |x| ops::hard_sigmoid(&x.affine(3.0, 0.0)?)),
        ("softplus", |x| ops::softplus(x)),
        ("mish", |x| ops::mish(x)),
        ("softmax", |x| ops::softmax(x, -1)),
        ("softmax of axis 1", |x| ops::softmax(x, 1)),
        ("log softmax", |x| ops::log_softmax(x, 1)),
    ];
    for (name, f) in all {
        check(name, f, &[2, 5, 3]);
    }
}

#[test]
fn layers_of_candle_nn() {
    let norm = LayerNorm::new(numbers(&[5], 1), numbers(&[5], 2), 1e-5);
    check("layer norm", |x| ops::layer(&norm, x), &[2, 3, 5]);
    let config = Conv1dConfig { padding: 2, stride: 2, dilation: 2, groups: 2, ..Conv1dConfig::default() };
    let conv = Conv1d::new(numbers(&[4, 2, 3], 3), Some(numbers(&[4], 4)), config);
    check("conv1d", |x| ops::layer(&conv, x), &[2, 4, 9]);
}

#[test]
fn a_result_that_is_a_view_is_handed_out_right() {
    let view = |x: &Tensor| ops::pad2d(&x.reshape((1, 1, x.dim(0)?, x.dim(1)?))?, 0, 0.0);
    check("late part", |x| view(&x.narrow(0, 1, 2)?)?.sqr(), &[3, 4]);
    check("early part", |x| view(&x.narrow(0, 0, 2)?)?.sqr(), &[3, 4]);
    let turned = |x: &Tensor| ops::pad2d(&x.t()?.unsqueeze(0)?.unsqueeze(0)?, 0, 0.0);
    check("transposed", |x| turned(x)?.sqr(), &[3, 4]);
    let dropout = candle_nn::Dropout::new(0.5);
    check("late part", |x| ops::layer(&dropout, &x.narrow(0, 1, 2)?)?.sqr(), &[3, 4]);
    check("early part", |x| ops::layer(&dropout, &x.narrow(0, 0, 2)?)?.sqr(), &[3, 4]);
    check("transposed", |x| ops::layer(&dropout, &x.t()?)?.sqr(), &[3, 4]);
}

#[test]
fn a_skip_connection_keeps_its_gradient_beside_upsampling() {
    let block = |x: &Tensor| {
        let small = ops::avg_pool2d(x, 2, 2, 0, true)?;
        x.sqr()? + ops::upsample_nearest2d(&small, [4, 6])?
    };
    check("skip", block, &[1, 2, 4, 6]);
    let twice =
        |x: &Tensor| Tensor::cat(&[&ops::upsample_nearest2d(x, [5, 7])?, &ops::upsample_nearest2d(x, [5, 7])?], 1);
    check("two branches", twice, &[1, 2, 3, 4]);
}

#[test]
fn ties_and_zeros_are_pytorchs() {
    let gradient = |f: &dyn Fn(&Tensor) -> Result<Tensor>, x: Tensor| {
        let x = Var::from_tensor(&x).unwrap();
        let gradients = f(&x).unwrap().sum_all().unwrap().backward().unwrap();
        gradients.get(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let zeros = || Tensor::new(&[-1f32, 0.0, -0.0, 2.0], &device()).unwrap();
    assert_eq!(gradient(&|x| ops::relu(x), zeros()), [0.0, 0.0, 0.0, 1.0]);
    let equal = || Tensor::ones((1, 1, 3, 3), candle_core::DType::F32, &device()).unwrap();
    let overlapping = gradient(&|x| ops::max_pool2d(x, 2, 1, 0), equal());
    assert_eq!(overlapping, [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let whole = gradient(&|x| ops::adaptive_max_pool2d(x, 1), equal());
    assert_eq!(whole, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let image = numbers(&[1, 3, 4, 4], 1);
    let weight = numbers(&[2, 2, 3, 3], 2);
    assert!(ops::conv2d(&image, &weight, None, 0, 1, 1, 1).is_err());
    assert!(ops::conv2d(&image, &numbers(&[2, 3, 5, 5], 2), None, 0, 1, 1, 1).is_err());
    assert!(ops::conv2d(&image, &numbers(&[2, 3, 3, 3], 2), None, 0, 0, 1, 1).is_err());
    assert!(ops::max_pool2d(&image, 2, 0, 0).is_err());
    assert!(ops::max_pool2d(&image, 2, 1, 2).is_err());
    assert!(ops::softmax(&image, 4).is_err());
    assert!(ops::relu(&Tensor::new(&[1u32], &device()).unwrap()).is_err());
    assert!(ops::relu(&Tensor::zeros((0, 2), candle_core::DType::F32, &device()).unwrap()).is_err());
}
