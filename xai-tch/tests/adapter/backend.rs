//! The backend's operations against the reference backend.

use ndarray::{ArcArray, ArrayD, Axis, IxDyn};
use tch::{Device, Kind};
use xai_core::{Arithmetic, NdArray, Result, Tensor, Weight};
use xai_tch::{LibTorch, Placement};

use crate::differences::{DOUBLE, Torch64, numbers, upload};

type Reference = NdArray<f64>;

/// Both backends' results of the same formula.
fn both(
    name: &str,
    x: &ArrayD<f64>,
    torch: impl Fn(&Tensor<Torch64>) -> Result<Tensor<Torch64>>,
    reference: impl Fn(&Tensor<Reference>) -> Result<Tensor<Reference>>,
) {
    let got = torch(&upload(x)).unwrap();
    let expected = reference(&Tensor::upload(x.view(), &()).unwrap()).unwrap().download().unwrap();
    assert_eq!(got.shape(), expected.shape(), "{name}");
    let worst = (&got.download().unwrap() - &expected).iter().fold(0.0_f64, |m, d| m.max(d.abs()));
    assert!(worst < 1e-12, "{name}: off by {worst:e}");
}

macro_rules! agree {
    ($x:expr, |$t:ident| $formula:expr) => {
        both(stringify!($formula), &$x, |$t| $formula, |$t| $formula)
    };
}

#[test]
fn operations_agree_with_the_reference() {
    let x = numbers(&[2, 3, 4], 30);
    agree!(x, |t| t.add(&t.scale(3.0)?));
    agree!(x, |t| t.sub(&t.narrow(1, 0, 1)?));
    agree!(x, |t| t.mul(&t.narrow(2, 1, 1)?.reshape(&[2, 3, 1])?));
    agree!(x, |t| t.affine(2.0, -0.5));
    agree!(x, |t| t.affine(1.0, 0.25));
    agree!(x, |t| t.affine(1.0, 0.0));
    agree!(x, |t| t.relu());
    for axes in [&[][..], &[0], &[2], &[1, 2], &[0, 1, 2]] {
        agree!(x, |t| t.sum(axes));
        agree!(x, |t| t.max(axes));
        agree!(x, |t| t.mean(axes));
    }
    agree!(x, |t| t.reshape(&[6, 4]));
    agree!(x, |t| t.narrow(1, 1, 2));
    agree!(x, |t| Tensor::concat(&[t, &t.relu()?], 1));
    agree!(x, |t| t.narrow(1, 0, 1)?.broadcast_to(&[5, 2, 7, 4]));
    agree!(x, |t| t.widen());
    agree!(x, |t| t.permute(&[2, 0, 1]));
    agree!(x, |t| t.matmul(&t.permute(&[0, 2, 1])?));
    agree!(x, |t| t.matmul(&t.narrow(0, 1, 1)?.reshape(&[3, 4])?.permute(&[1, 0])?));
}

#[test]
fn an_array_of_any_layout_goes_there_and_back() {
    let x = numbers(&[2, 3, 4], 31);
    let mut backwards = x.view();
    backwards.invert_axis(Axis(1));
    for view in [x.view(), x.view().reversed_axes(), backwards] {
        assert_eq!(Tensor::<Torch64>::upload(view.view(), &DOUBLE).unwrap().download().unwrap(), view);
    }
    // A tensor that is no row-major block itself.
    let transposed = Tensor::<Torch64>::new(upload(&x).into_inner().transpose(0, 2));
    assert_eq!(transposed.download().unwrap(), x.view().reversed_axes());
    let one = ArrayD::from_elem(IxDyn(&[]), 2.5);
    assert_eq!(upload(&one).download().unwrap(), one);
}

#[test]
fn nan_is_kept() {
    let x = upload(&ArrayD::from_shape_vec(IxDyn(&[1, 2]), vec![f64::NAN, 1.0]).unwrap());
    assert!(x.relu().unwrap().download().unwrap()[[0, 0]].is_nan());
    assert!(x.max(&[1]).unwrap().download().unwrap()[[0, 0]].is_nan());
}

#[test]
fn one_hot() {
    let got = Torch64::one_hot(&[2, 3], &[1, 5, 6], &DOUBLE).unwrap();
    let expected: ArcArray<f64, IxDyn> = Reference::one_hot(&[2, 3], &[1, 5, 6], &()).unwrap();
    assert_eq!(Torch64::download(&got).unwrap(), expected);
}

#[test]
fn what_cannot_be_is_an_error() {
    let x = upload(&numbers(&[2, 3], 32));
    let huge = usize::MAX;
    assert!(x.add(&upload(&numbers(&[4], 33))).is_err());
    assert!(x.sum(&[2]).is_err() && x.max(&[huge]).is_err() && x.mean(&[5]).is_err());
    assert!(x.reshape(&[5]).is_err() && x.reshape(&[huge, 2]).is_err());
    assert!(x.permute(&[0]).is_err() && x.permute(&[1, 1]).is_err() && x.permute(&[0, huge]).is_err());
    assert!(x.matmul(&x).is_err());
    assert!(x.narrow(1, 2, 2).is_err() && x.narrow(7, 0, 1).is_err() && x.narrow(1, huge, huge).is_err());
    assert!(x.broadcast_to(&[2, 4]).is_err() && x.broadcast_to(&[3]).is_err());
    assert!(Tensor::<Torch64>::concat(&[], 0).is_err() && Tensor::concat(&[&x], 2).is_err());
    let nowhere = Placement { device: Device::Cuda(117), kind: Kind::Float };
    assert!(Tensor::<LibTorch>::upload(ArrayD::zeros(IxDyn(&[1])).view(), &nowhere).is_err());
    let undefined = Tensor::<Torch64>::new(tch::Tensor::new());
    assert!(undefined.shape().is_empty() && undefined.relu().is_err() && undefined.download().is_err());
    assert!(!format!("{undefined:?}").is_empty());
}

#[test]
fn ids_are_counted_in_no_half_type() {
    for (kind, counts) in [
        (Kind::Half, Kind::Float),
        (Kind::BFloat16, Kind::Float),
        (Kind::Float, Kind::Float),
        (Kind::Double, Kind::Double),
    ] {
        assert_eq!(LibTorch::<f32>::counting(&(Device::Cpu, kind).into()), (Device::Cpu, counts).into());
    }
}

#[test]
fn a_weight_is_shared_and_not_copied() {
    let x = upload(&numbers(&[2, 3], 35));
    let data = x.inner().data_ptr();
    let weight = Weight::from(x);
    assert_eq!(weight.tensor().inner().data_ptr(), data);
    assert_eq!(weight.clone().tensor().inner().data_ptr(), data);
}

#[test]
fn results_carry_no_tape() {
    let x = Tensor::<Torch64>::new(upload(&numbers(&[2], 34)).into_inner().set_requires_grad(true));
    for t in [x.add(&x), x.relu(), x.sum(&[0]), x.affine(1.0, 0.0), x.reshape(&[2, 1]), x.widen(), x.sum(&[])] {
        assert!(!t.unwrap().inner().requires_grad());
    }
}
