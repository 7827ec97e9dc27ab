//! Models that the ONNX project stores, forward against its outputs, and back against finite differences.

use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use xai_core::{Backend, Differentiable, Element, NdArray, Tensor, check_gradient};
use xai_onnx::{ElementType, Network};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")
}

pub(crate) fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

type Stored = (String, ElementType, ArrayD<f64>);

fn numbered(case: &Path, kind: &str) -> Vec<Stored> {
    let paths = (0..).map(|i| case.join(format!("test_data_set_0/{kind}_{i}.pb"))).take_while(|path| path.is_file());
    paths.map(|path| xai_onnx::read_tensor(path).unwrap()).collect()
}

/// The network with its first input open, and the other ones fixed.
fn opened<B: Backend>(case: &Path) -> (Network<B>, ArrayD<B::Elem>) {
    let network = xai_onnx::read::<B>(case.join("model.onnx")).unwrap();
    let given = numbered(case, "input");
    let names: Vec<String> = network.inputs().into_iter().map(|input| input.name).collect();
    let array = |i: usize| given[i].2.mapv(B::Elem::of);
    let fixed = (1..given.len()).fold(network, |network, i| network.fix(&names[i], array(i).view()).unwrap());
    (fixed, array(0))
}

fn outputs_are_right<B: Backend>(tolerance: f64) {
    let cases = cases();
    assert!(cases.len() > 20, "{} cases", cases.len());
    for case in cases {
        let right = numbered(&case, "output");
        assert!(!right.is_empty(), "{case:?}");
        let (network, x) = opened::<B>(&case);
        for (output, (_, _, right)) in network.outputs().iter().zip(&right) {
            let network = network.clone().output(&output.name).unwrap();
            let graph = network.graph(&[x.shape().to_vec()]).unwrap();
            let y = graph.forward(&[Tensor::upload(x.view(), &B::Placement::default()).unwrap()]).unwrap();
            let y = y.download().unwrap();
            assert_eq!(y.shape(), right.shape(), "{case:?}");
            // Their outputs are stored with four digits.
            let tolerance = if case.to_string_lossy().contains("roialign") { 1e-4 } else { tolerance };
            for (got, right) in y.iter().zip(right) {
                assert!((got.as_f64() - right).abs() < tolerance * right.abs().max(1.0), "{case:?}: {got} for {right}");
            }
        }
    }
}

#[test]
fn outputs_are_those_of_the_onnx_project() {
    outputs_are_right::<NdArray<f64>>(1e-5);
}

#[test]
fn outputs_are_right_in_single_precision() {
    outputs_are_right::<NdArray<f32>>(1e-4);
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let mut checked = 0;
    for case in cases() {
        let (network, x) = opened::<NdArray<f64>>(&case);
        // The condition of an `If` has no gradient; a batch axis that moves has no rows, nor have inputs that are fixed
        // for a whole batch.
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let input = network.inputs().into_iter().next().unwrap();
        let whole = input.element.is_some_and(|element| !element.is_float());
        let others = ["test_lstm", "test_gru", "test_einsum", "test_linear_attention", "test_causal_conv"];
        let others = others.iter().chain(&["test_tensorscatter", "test_attention_4d_causal_nonpad"]);
        if whole || others.into_iter().any(|other| name.starts_with(other)) {
            continue;
        }
        let report = match check_gradient(&network, &x) {
            Ok(report) => report,
            // Outputs without a row for each sample are none of an explanation.
            Err(xai_core::Error::InvalidShape { .. }) => continue,
            Err(error) => panic!("{name}: {error}"),
        };
        assert!(report.is_trusted(), "{name}: {report}");
        checked += 1;
    }
    assert!(checked > 10, "{checked} were checked");
}
