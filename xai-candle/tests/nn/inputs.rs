//! candle tensors in, candle tensors out.

use candle_core::{DType, Tensor, Var};
use candle_nn::{Activation, Linear, Module, seq};
use ndarray::{Array2, array};
use xai_candle::{Candle, model, ops};
use xai_candle_tests::device;
use xai_core::metrics::{Deletion, Metric};
use xai_core::{
    Analyzer, Differentiable, Error, Given, Gradient, Ids, Index, IntegratedGradients, Net, Result as Found,
    Var as Value, nn,
};

type T = Tensor;

fn net() -> impl Module {
    let weight = Tensor::new(&[[1f32, -2.0, 0.5], [0.5, 1.0, -1.0]], &device()).unwrap();
    seq().add(Linear::new(weight, None)).add(Activation::Silu)
}

fn input() -> Array2<f32> {
    array![[0.3, -1.0, 2.0], [1.5, 0.2, -0.7]]
}

fn tensor(dtype: DType) -> T {
    Tensor::from_iter(input(), &device()).unwrap().reshape((2, 3)).unwrap().to_dtype(dtype).unwrap()
}

#[test]
fn a_tensor_is_explained_as_its_array_is() {
    let net = net();
    let path = IntegratedGradients::new().n(7);
    let array = path.analyze(&model(&net).at(device()), &input(), 0).unwrap();
    for dtype in [DType::F32, DType::F64] {
        let why = path.analyze(&model(&net).at(device()), &tensor(dtype), 0).unwrap();
        // On the model's device and in its number type.
        assert_eq!(why.values.dtype(), DType::F32);
        assert!(!why.values.track_op());
        let first = why.sample(0).unwrap().values;
        assert_eq!((first.dims(), first.dtype()), (&[1, 3][..], DType::F32));
        let why = why.named(["a", "b"]).unwrap().into_ndarray().unwrap();
        assert_eq!(why.values, array.values.clone().into_dyn());
        assert_eq!(why.output, array.output);
        let second = why.sample(1).unwrap();
        assert_eq!(second.extras.completeness_gap, array.extras.completeness_gap.as_ref().map(|gap| vec![gap[1]]));
        assert_eq!((second.names, second.selection.samples()), (vec!["b".to_owned()], 1));
        assert!(matches!(why.sample(2), Err(Error::InvalidParameter { name: "sample", .. })));
    }
    // The net is still ours.
    assert_eq!(net.forward(&tensor(DType::F32)).unwrap().dims(), [2, 2]);
}

#[test]
fn a_tape_and_an_order_of_axes_do_no_harm() {
    let net = net();
    let expected = Gradient.analyze(&model(&net).at(device()), &input(), 1).unwrap().values;
    let variable = Var::from_tensor(&tensor(DType::F32).t().unwrap().contiguous().unwrap()).unwrap();
    let turned = variable.t().unwrap();
    assert!(!turned.is_contiguous() && turned.track_op());
    let why = Gradient.analyze(&model(&net).at(device()), &turned, 1).unwrap().into_ndarray().unwrap();
    assert_eq!(why.values, expected.into_dyn());
}

#[test]
fn what_cannot_be_explained_is_refused_as_an_array_is() {
    let net = net();
    let broken = Tensor::new(&[[1f32, f32::NAN, 0.0]], &device()).unwrap();
    let error = Gradient.analyze(&model(&net).at(device()), &broken, 0).unwrap_err().to_string();
    assert_eq!(error, "input = NaN at [0, 1] is not possible: every number must be finite");
    let scalar = Tensor::new(1f32, &device()).unwrap();
    assert!(matches!(Gradient.analyze(&model(&net).at(device()), &scalar, 0), Err(Error::InvalidShape { .. })));
}

/// (embedded x, whole numbers) ↦ x · table[ids], a table of one's own.
struct Looked(nn::Embedding<Candle>);

impl Differentiable for Looked {
    type Backend = Candle;
    fn trace<'m>(&'m self, x: &[Value<'m, Candle>]) -> Found<Value<'m, Candle>> {
        Ok(&x[0] * x[1].layer("table", &self.0)? + &x[2])
    }
}

#[test]
fn ids_masks_and_tuples_are_tensors_too() {
    let table = Tensor::new(&[[2f32, 3.0], [5.0, 7.0]], &device()).unwrap();
    let net = Looked(nn::Embedding::new(xai_core::Tensor::new(table)).unwrap());
    let x = Tensor::new(&[[1f32, 1.0]], &device()).unwrap();
    for ids in [Tensor::new(&[1u32], &device()).unwrap(), Tensor::new(&[1i64], &device()).unwrap()] {
        let why = Gradient.analyze(&net, (&x, Ids(&ids), Given(&x)), Index(1)).unwrap();
        let (values, (), ()) = why.values;
        assert_eq!(values.to_vec2::<f32>().unwrap(), [[0.0, 7.0]]);
    }
    let half = Tensor::new(&[0.5f32], &device()).unwrap();
    let error = Gradient.analyze(&net, (&x, Ids(&half), Given(&x)), Index(1)).unwrap_err();
    assert!(error.to_string().contains("whole numbers"), "{error}");
    // Arrays beside tensors.
    let ids = Tensor::new(&[0u32], &device()).unwrap();
    let why = Gradient.analyze(&net, (&x, Ids(&ids), &array![[0f32, 0.0]]), 0).unwrap();
    assert_eq!(why.values.2, array![[1f32, 0.0]]);
}

#[test]
fn metrics_take_tensors() {
    let net = net();
    let why = Gradient.analyze(&model(&net).at(device()), &tensor(DType::F32), 0).unwrap().into_ndarray().unwrap();
    let of = |scores: Found<xai_core::metrics::Scores>| scores.unwrap().values;
    let deletion = Deletion::new();
    let expected = of(deletion.of(&model(&net).at(device()), &input(), &why));
    assert_eq!(of(deletion.of(&model(&net).at(device()), &tensor(DType::F32), &why)), expected);
}

#[test]
fn a_wrong_max_pool_in_a_closure_is_told_of_its_twin() {
    let net = Net::<Candle, _>::new(|x: &T| x.max_pool2d(2)?.flatten_from(1)?.sqr()).at(device());
    let x = Tensor::from_iter((0..16).map(|i| (i as f32 * 0.7).sin()), &device()).unwrap();
    let x = x.reshape((1, 1, 4, 4)).unwrap();
    let error = Gradient.analyze(&net, &x, 0).unwrap_err().to_string();
    assert!(error.contains("`xai::candle::ops::max_pool2d`"), "{error}");
    let right = Net::<Candle, _>::new(|x: &T| ops::max_pool2d(x, 2, 2, 0)?.flatten_from(1)?.sqr()).at(device());
    assert!(Gradient.analyze(&right, &x, 0).is_ok());
}
