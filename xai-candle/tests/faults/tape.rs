//! What candle's tape has wrong has a twin in `ops`, and its errors say so.

use candle_core::{Device, Result, Tensor, Var};
use ndarray::{Array4, array};
use xai_candle::{Candle, ops};
use xai_core::{Analyzer, Error, Gradient, Index, Net, Verdict, check_gradient};

fn gradient(f: impl Fn(&Tensor) -> Result<Tensor>, x: &[f32]) -> Vec<f32> {
    let x = Var::from_tensor(&Tensor::new(x, &Device::Cpu).unwrap().unsqueeze(0).unwrap()).unwrap();
    let gradients = f(&x).unwrap().sum_all().unwrap().backward().unwrap();
    gradients.get(&x).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn ties_and_places() {
    let x = [1.0, 3.0, 3.0, 2.0];
    assert_eq!(gradient(|x| ops::max_keepdim(&x.flatten_from(1)?, 1), &x), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(gradient(|x| ops::min_keepdim(x, 1), &[2.0, 1.0, 1.0]), [0.0, 1.0, 0.0]);
    let places = Tensor::new(&[[0_u32, 2]], &Device::Cpu).unwrap();
    let fives = Tensor::new(&[[5_f32, 5.0]], &Device::Cpu).unwrap();
    assert_eq!(gradient(|x| ops::scatter(x, &places, &fives, 1)?.sqr(), &[1.0, 3.0, 1.0, 2.0]), [0.0, 6.0, 0.0, 4.0]);
    let base = Tensor::new(&[[1_f32, 2.0, 3.0]], &Device::Cpu).unwrap();
    assert_eq!(gradient(|x| ops::scatter(&base, &places, x, 1)?.sqr(), &[4.0, -5.0]), [8.0, -10.0]);
    assert_eq!(gradient(ops::relu, &[-1.0, 0.0, 2.0]), [0.0, 0.0, 1.0]);
}

/// Until `ops` is used, the check says what is wrong.
#[test]
fn candles_own_are_not_trusted() {
    let x = array![[1.0_f32, 3.0, 3.0, 2.0]];
    let max = Net::<Candle, _>::new(|x: &Tensor| x.flatten_from(1)?.max_keepdim(1));
    assert!(!check_gradient(&max, &x).unwrap().is_trusted());
    let places = Tensor::new(&[[0_u32, 2]], &Device::Cpu).unwrap();
    let fives = Tensor::new(&[[5_f32, 5.0]], &Device::Cpu).unwrap();
    let scatter = Net::<Candle, _>::new(|x: &Tensor| x.affine(1.0, 0.0)?.scatter(&places, &fives, 1)?.sqr());
    assert!(!check_gradient(&scatter, &array![[1.0_f32, 3.0, 1.0, 2.0]]).unwrap().is_trusted());
}

#[test]
fn a_backward_pass_that_fails_names_the_twins() {
    let kernel = Tensor::ones((1, 1, 3, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
    let strided = Net::<Candle, _>::new(|x: &Tensor| x.conv2d(&kernel, 0, 2, 1, 1)?.flatten_from(1));
    let x = Array4::from_shape_fn((1, 1, 12, 9), |(_, _, i, j)| (i * j) as f32 * 0.1);
    let error = Gradient.analyze(&strided, &x, Index(0)).unwrap_err();
    assert!(matches!(error.root(), Error::NotDifferentiable { .. }), "{error}");
    assert!(error.to_string().contains("xai_candle::ops"), "{error}");
    let report = check_gradient(&strided, &x).unwrap();
    assert!(matches!(report.verdict, Verdict::Failed { .. }), "{report}");
}
