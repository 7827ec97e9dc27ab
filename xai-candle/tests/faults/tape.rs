//! What candle's tape has wrong has a twin in `ops`, and its errors say so.

use candle_core::{DType, Device, Result, Tensor, Var};
use ndarray::{Array2, Array4, array};
use xai_candle::{Candle, ops};
use xai_core::{Analyzer, Error, GradCam, Gradient, Index, Layer, Net, SmoothGrad, Split, Verdict, check_gradient};

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
    let kernel = Tensor::ones((1, 1, 3, 3), DType::F32, &Device::Cpu).unwrap();
    let strided = Net::<Candle, _>::new(|x: &Tensor| x.conv2d(&kernel, 0, 2, 1, 1)?.flatten_from(1));
    let x = Array4::from_shape_fn((1, 1, 12, 9), |(_, _, i, j)| (i * j) as f32 * 0.1);
    let error = Gradient.analyze(&strided, &x, Index(0)).unwrap_err();
    assert!(matches!(error.root(), Error::NotDifferentiable { .. }), "{error}");
    for part in ["xai::candle::ops", "TensorExt", "use xai::candle::nn as candle_nn", "xai patch-candle"] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    let report = check_gradient(&strided, &x).unwrap();
    assert!(matches!(report.verdict, Verdict::Failed { .. }), "{report}");
}

fn words<T>(found: xai_core::Result<T>) -> String {
    found.err().unwrap().to_string()
}

#[test]
fn errors_say_what_to_write() {
    use xai_core::Differentiable;
    let row = array![[1.0_f32, 2.0, 3.0]];
    for dtype in [DType::F64, DType::F16] {
        let weight = Tensor::ones((2, 3), dtype, &Device::Cpu).unwrap();
        let net = candle_nn::seq().add(candle_nn::Linear::new(weight.clone(), None));
        let said = words(Gradient.analyze(&xai_candle::model(net), &row, Index(0)));
        assert!(said.contains(&format!("model.at(DType::{dtype:?})")), "{said}");
        let net = candle_nn::seq().add(candle_nn::Linear::new(weight, None));
        Gradient.analyze(&xai_candle::model(net).at(dtype), &row, Index(0)).unwrap();
    }
    // candle's fused layers take no double precision.
    let ones = Tensor::ones(3, DType::F64, &Device::Cpu).unwrap();
    let norm = candle_nn::LayerNorm::new(ones.clone(), ones, 1e-5);
    let said = words(Gradient.analyze(&xai_candle::model(norm).at(DType::F64), &row, Index(0)));
    let remedies = ["leave out `.at(DType::F64)`", "use xai::candle::nn as candle_nn", "xai patch-candle"];
    for part in ["unsupported dtype for rmsnorm F64:"].into_iter().chain(remedies) {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("[1"), "{said}");
    // A second input that a closure captured, of two rows.
    let second = Tensor::ones((2, 3), DType::F32, &Device::Cpu).unwrap();
    let model = Net::<Candle, _>::new(|x: &Tensor| x.broadcast_mul(&second));
    let two = array![[1.0_f32, 2.0, 3.0], [0.0, 1.0, 0.0]];
    let said = words(SmoothGrad::new().n(5).analyze(&model, &two, Index(0)));
    assert!(said.contains("of the 10 of this pass") && said.contains("Given(&second)"), "{said}");
    // Tokens (1, 17, 8) of an image.
    let tokens = Net::<Candle, _>::new(|x: &Tensor| x.squeeze(1));
    let split = Split::new(tokens, Net::<Candle, _>::new(|x: &Tensor| x.mean(1)));
    let image = Array4::from_shape_fn((1, 1, 17, 8), |(_, _, i, j)| (i * 3 + j) as f32 * 0.1);
    let said = words(GradCam.analyze(&split, &image, Index(0)));
    assert!(said.contains("`.tokens(skip, rows, columns)`"), "{said}");
}

#[test]
fn boxed_layers_are_layers_whatever_they_promise() {
    fn explained(layer: impl Layer<Candle>) -> Array2<f32> {
        Gradient.analyze(&Net::<Candle, _>::new(layer), &array![[1.0_f32, -2.0]], Index(0)).unwrap().values
    }
    let relu = xai_core::nn::Activation::Relu;
    let boxed: Box<dyn Layer<Candle>> = Box::new(relu);
    let sent: Box<dyn Layer<Candle> + Send> = Box::new(relu);
    let shared: Box<dyn Layer<Candle> + Send + Sync> = Box::new(relu);
    let expected = array![[1.0, 0.0]];
    for found in [explained(boxed), explained(sent), explained(shared), explained(std::sync::Arc::new(relu))] {
        assert_eq!(found, expected);
    }
}

/// With RUST_BACKTRACE set, candle adds thirty lines to its words: none of them is the library's.
#[test]
fn errors_of_closures_carry_no_backtrace() {
    let code = |_: &Tensor| -> Result<Tensor> {
        let backtrace = Box::new(std::backtrace::Backtrace::force_capture());
        Err(candle_core::Error::WithBacktrace { inner: Box::new(candle_core::Error::Msg("no".into())), backtrace })
    };
    for x in [array![[1f32]], array![[1f32], [2.0]]] {
        let error = Gradient.analyze(&Net::<Candle, _>::new(code), &x, 0).unwrap_err().to_string();
        assert!(error.ends_with("no") && !error.contains('\n'), "{error}");
    }
}
