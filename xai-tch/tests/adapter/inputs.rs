//! tch tensors in, tch tensors out.

use ndarray::{Array2, array};
use tch::{Device, Kind, Tensor, nn};
use xai_core::{Analyzer, Gradient, IntegratedGradients};
use xai_tch::model;

#[test]
fn a_tensor_is_explained_as_its_array_is() {
    let net = nn::seq().add_fn(|x| (x * x).sum_dim_intlist([1].as_slice(), true, Kind::Float));
    let array: Array2<f32> = array![[0.3, -1.0, 2.0], [1.5, 0.2, -0.7]];
    let flat: Vec<f32> = array.iter().copied().collect();
    let x = Tensor::from_slice(&flat).reshape([2, 3]);
    let path = IntegratedGradients::new().n(5);
    let expected = path.analyze(&model(&net), &array, 0).unwrap();
    for x in [x.shallow_clone(), x.to_kind(Kind::Double), x.tr().contiguous().tr().set_requires_grad(true)] {
        let why = path.analyze(&model(&net), &x, 0).unwrap();
        assert_eq!((why.values.kind(), why.values.requires_grad()), (Kind::Float, false));
        assert_eq!(why.into_ndarray().unwrap().values, expected.values.clone().into_dyn());
        assert!(!x.grad().defined());
    }
}

#[test]
fn a_number_that_is_not_finite_is_refused() {
    let net = nn::seq().add_fn(Tensor::tanh);
    let x = Tensor::full([1, 2], f64::INFINITY, (Kind::Float, Device::Cpu));
    let error = Gradient.analyze(&model(&net), &x, 0).unwrap_err().to_string();
    assert!(error.contains("every number must be finite"), "{error}");
}
