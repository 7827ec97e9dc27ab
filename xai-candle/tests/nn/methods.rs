//! `TensorExt` against finite differences, and against candle's own values.

use candle_core::{Result, Tensor};
use xai_candle::TensorExt;
use xai_candle_tests::device;

use crate::finite_differences::{assert_close, numbers};
use crate::tape::{check, flat};

fn same(
    what: &str,
    own: impl Fn(&Tensor) -> Result<Tensor>,
    by_candle: impl Fn(&Tensor) -> Result<Tensor>,
    shape: &[usize],
) {
    check(what, &own, shape);
    let x = numbers(shape, 5);
    assert_close(what, &own(&x).unwrap(), &flat(&by_candle(&x).unwrap()), 1e-6);
}

#[test]
fn pools_and_sizes() {
    let image = [2, 3, 7, 6];
    same("max", |x| x.with_gradient().max_pool2d(2), |x| x.max_pool2d(2), &image);
    same("max of two sides", |x| x.with_gradient().max_pool2d((3, 2)), |x| x.max_pool2d((3, 2)), &image);
    let (own, by_candle) =
        (|x: &Tensor| x.with_gradient().max_pool2d_with_stride(3, 2), |x: &Tensor| x.max_pool2d_with_stride(3, 2));
    same("max with stride", own, by_candle, &image);
    same("mean", |x| x.with_gradient().avg_pool2d(2), |x| x.avg_pool2d(2), &image);
    let (own, by_candle) =
        (|x: &Tensor| x.with_gradient().avg_pool2d_with_stride(3, 2), |x: &Tensor| x.avg_pool2d_with_stride(3, 2));
    same("mean with stride", own, by_candle, &image);
    for (rows, columns) in [(14, 12), (9, 4), (7, 6), (3, 13)] {
        same(
            "nearest",
            |x| x.with_gradient().upsample_nearest2d(rows, columns),
            |x| x.upsample_nearest2d(rows, columns),
            &image,
        );
        for aligned in [false, true] {
            same(
                "bilinear",
                |x| x.with_gradient().upsample_bilinear2d(rows, columns, aligned),
                |x| x.upsample_bilinear2d(rows, columns, aligned),
                &image,
            );
        }
    }
    let (own, by_candle) = (
        |x: &Tensor| x.with_gradient().upsample_bilinear2d_with_scale(2.0, 1.5, false),
        |x: &Tensor| x.upsample_bilinear2d_with_scale(2.0, 1.5, false),
    );
    same("bilinear, scaled", own, by_candle, &image);
    assert!(numbers(&image, 1).with_gradient().upsample_bilinear2d_with_scale(1.3, 1.0, false).is_err());
    same("nearest of a sequence", |x| x.with_gradient().interpolate1d(9), |x| x.interpolate1d(9), &[2, 3, 4]);
    // candle's own gradient loses the skip's.
    check("beside a skip", |x| x.with_gradient().interpolate2d(7, 6)?.add(&x.sqr()?), &image);
}

#[test]
fn convolutions() {
    let (w, sequences) = (numbers(&[4, 2, 3], 3), [2, 4, 9]);
    same("conv1d", |x| x.with_gradient().conv1d(&w, 1, 2, 1, 2), |x| x.conv1d(&w, 1, 2, 1, 2), &sequences);
    let with_algo = |x: &Tensor| x.with_gradient().conv1d_with_algo(&w, 0, 1, 1, 2, None);
    same("conv1d_with_algo", with_algo, |x| x.conv1d(&w, 0, 1, 1, 2), &sequences);
    check("conv1d's kernel", |w| numbers(&sequences, 5).with_gradient().conv1d(w, 1, 2, 1, 2), &[4, 2, 3]);
    let w = numbers(&[4, 3, 3, 3], 3);
    let with_algo = |x: &Tensor| x.with_gradient().conv2d_with_algo(&w, 1, 1, 1, 1, None);
    same("conv2d_with_algo", with_algo, |x| x.conv2d(&w, 1, 1, 1, 1), &[2, 3, 5, 4]);
    same("conv2d", |x| x.with_gradient().conv2d(&w, 1, 2, 1, 1), |x| x.conv2d(&w, 1, 2, 1, 1), &[2, 3, 9, 8]);
    let w = numbers(&[3, 2, 3], 3);
    same(
        "conv_transpose1d",
        |x| x.with_gradient().conv_transpose1d(&w, 1, 1, 2, 1, 1),
        |x| x.conv_transpose1d(&w, 1, 1, 2, 1, 1),
        &[2, 3, 5],
    );
    let w = numbers(&[3, 2, 3, 3], 3);
    same(
        "conv_transpose2d",
        |x| x.with_gradient().conv_transpose2d(&w, 1, 1, 2, 1),
        |x| x.conv_transpose2d(&w, 1, 1, 2, 1),
        &[1, 3, 4, 5],
    );
}

#[test]
fn extremes_and_functions() {
    let shape = [2, 3, 4];
    same("max", |x| x.with_gradient().max(1), |x| x.max(1), &shape);
    same("max_keepdim", |x| x.with_gradient().max_keepdim(2), |x| x.max_keepdim(2), &shape);
    same("min", |x| x.with_gradient().min(0), |x| x.min(0), &shape);
    same("min_keepdim", |x| x.with_gradient().min_keepdim(1), |x| x.min_keepdim(1), &shape);
    same("max_all", |x| x.with_gradient().max_all(), Tensor::max_all, &shape);
    same("min_all", |x| x.with_gradient().min_all(), Tensor::min_all, &shape);
    same("relu", |x| x.with_gradient().relu(), Tensor::relu, &shape);
    same("gelu", |x| x.with_gradient().gelu(), Tensor::gelu, &shape);
    same("gelu_erf", |x| x.with_gradient().gelu_erf(), Tensor::gelu_erf, &shape);
    same("abs", |x| x.with_gradient().abs(), Tensor::abs, &shape);
    let zeros = candle_core::Var::from_tensor(&Tensor::new(&[0f32, 0.0], &device()).unwrap()).unwrap();
    let gradient = |y: Result<Tensor>| flat(&y.unwrap().sum_all().unwrap().backward().unwrap().remove(&zeros).unwrap());
    assert_eq!(gradient(zeros.with_gradient().relu()), [0.0, 0.0]);
    assert_eq!(gradient(zeros.with_gradient().abs()), [0.0, 0.0]);
    assert_eq!(gradient(zeros.with_gradient().max(0)), [1.0, 0.0]);
    assert_eq!(gradient(zeros.with_gradient().min_all()), [1.0, 0.0]);
}

#[test]
fn scatters() {
    let places = Tensor::new(&[[2u32, 0], [1, 3]], &device()).unwrap();
    let again = Tensor::new(&[[2u32, 2], [1, 3]], &device()).unwrap();
    let (base, source) = (numbers(&[2, 4], 3), numbers(&[2, 2], 4));
    same(
        "scatter into",
        |x| x.with_gradient().scatter(&places, &source, 1),
        |x| x.scatter(&places, &source, 1),
        &[2, 4],
    );
    same("scatter of", |x| base.with_gradient().scatter(&places, x, 1), |x| base.scatter(&places, x, 1), &[2, 2]);
    same(
        "scatter_add into",
        |x| x.with_gradient().scatter_add(&again, &source, 1),
        |x| x.scatter_add(&again, &source, 1),
        &[2, 4],
    );
    same(
        "scatter_add of",
        |x| base.with_gradient().scatter_add(&again, x, 1),
        |x| base.scatter_add(&again, x, 1),
        &[2, 2],
    );
}
