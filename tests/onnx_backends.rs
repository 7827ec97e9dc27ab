//! ONNX files on candle and on libtorch: outputs as the ONNX project stores them, gradients as on plain arrays.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use xai::onnx::Network;
use xai::{Backend, Differentiable, Element, NdArray, Tensor};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xai-onnx/tests/files");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    cases.sort();
    assert!(cases.len() > 20, "{} cases", cases.len());
    cases
}

fn numbers(case: &Path, kind: &str) -> Vec<ArrayD<f64>> {
    let paths = (0..).map(|i| case.join(format!("test_data_set_0/{kind}_{i}.pb"))).take_while(|path| path.is_file());
    paths.map(|path| xai::onnx::read_tensor(path).unwrap().2).collect()
}

/// The network with its first input open, that input, and the others fixed.
fn opened<B: Backend>(case: &Path) -> (Network<B>, ArrayD<B::Elem>) {
    let network = xai::onnx::read::<B>(case.join("model.onnx")).unwrap();
    let given: Vec<ArrayD<B::Elem>> =
        numbers(case, "input").iter().map(|array| array.mapv(<B::Elem as Element>::of)).collect();
    let names: Vec<String> = network.inputs().into_iter().map(|input| input.name).collect();
    let fixed = (1..given.len()).fold(network, |network, i| network.fix(&names[i], given[i].view()).unwrap());
    (fixed, given[0].clone())
}

/// The first output, and what a cotangent that is different everywhere becomes at the input, if it has a gradient.
fn both_ways<B: Backend>(case: &Path) -> (ArrayD<f64>, Option<ArrayD<f64>>) {
    let (network, x) = opened::<B>(case);
    let wide = |tensor: &Tensor<B>| tensor.download().unwrap().mapv(Element::as_f64);
    let at = network.placement_for(&[x.shape().to_vec()]).unwrap();
    let x = Tensor::upload(x.view(), &at).unwrap();
    let graph = network.graph(&[x.shape()]).unwrap();
    if graph.check(None, &[true]).is_err() {
        return (wide(&graph.forward(&[x]).unwrap()), None);
    }
    let (y, pullback) = graph.vjp(&[x], &[true], None).unwrap();
    let mut next = 0.0;
    let v = ArrayD::from_shape_simple_fn(y.shape(), || {
        next += 1.0;
        <B::Elem as Element>::of(f64::sin(next))
    });
    let back = pullback.pull_all(&Tensor::upload(v.view(), &at).unwrap()).unwrap();
    (wide(&y), back[0].as_ref().map(wide))
}

fn near(what: &str, got: &ArrayD<f64>, right: &ArrayD<f64>) {
    assert_eq!(got.shape(), right.shape(), "{what}");
    let scale = right.iter().fold(1.0_f64, |all, n| all.max(n.abs()));
    for (got, right) in got.iter().zip(right) {
        assert!((got - right).abs() < 2e-4 * scale, "{what}: {got} for {right}");
    }
}

fn files_are_those_of_the_reference<B: Backend>() {
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let (y, back) = both_ways::<B>(&case);
        let (right, right_back) = both_ways::<NdArray<f64>>(&case);
        near(&format!("{name}, forward"), &y, &right);
        near(&format!("{name}, stored"), &y, &numbers(&case, "output")[0]);
        assert_eq!(back.is_some(), right_back.is_some(), "{name}");
        if let (Some(back), Some(right)) = (back, right_back) {
            near(&format!("{name}, back"), &back, &right);
        }
    }
}

#[cfg(feature = "candle")]
#[test]
fn files_are_right_on_candle() {
    files_are_those_of_the_reference::<xai::candle::Candle>();
}

#[cfg(feature = "tch")]
#[test]
fn files_are_right_on_libtorch() {
    files_are_those_of_the_reference::<xai::tch::LibTorch>();
}

/// An `f64` of a file that is computed in single precision, and the other way round, is the backend's.
#[test]
fn weights_are_in_the_number_type_of_the_backend() {
    let case = cases().into_iter().find(|case| case.ends_with("test_Conv2d_depthwise")).unwrap();
    let (single, double) = (both_ways::<NdArray<f32>>(&case), both_ways::<NdArray<f64>>(&case));
    near("single precision", &single.0, &double.0);
    assert!((&single.0 - &double.0).iter().any(|difference| *difference != 0.0), "both are the same type");
}
