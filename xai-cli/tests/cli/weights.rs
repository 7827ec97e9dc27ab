//! Networks that are known by their weights, and TorchScript files.

use crate::command::Folder;

#[test]
fn other_weights_are_refused() {
    let folder = Folder::new();
    let arrays =
        std::collections::BTreeMap::from([("encoder.weight".to_owned(), ndarray::ArrayD::<f32>::zeros(vec![2, 2]))]);
    std::fs::write(folder.at("other.safetensors"), xai::files::encode_arrays(&arrays).unwrap()).unwrap();
    std::fs::write(folder.at("no.safetensors"), b"{").unwrap();
    folder.refused(&["explain", "other.safetensors", "red.png"], "ONNX");
    folder.refused(&["explain", "no.safetensors", "red.png"], "no.safetensors");
    folder.refused(&["explain", "other.safetensors", "red.png", "--input", "a=1"], "leave them out");
}

#[cfg(not(feature = "tch"))]
#[test]
fn torch_script_is_refused_without_libtorch() {
    let folder = Folder::new();
    std::fs::write(folder.at("net.pt"), b"").unwrap();
    folder.refused(&["explain", "net.pt", "red.png"], "--features tch");
}

#[cfg(feature = "tch")]
#[test]
fn torch_script_files_are_explained_on_libtorch() {
    use xai::tch::tch::{CModule, Device, Kind, Tensor};
    let folder = Folder::new();
    let example = Tensor::zeros([1, 3, 32, 32], (Kind::Float, Device::Cpu));
    let mut red = |x: &[Tensor]| {
        let mean = x[0].mean_dim([2i64, 3].as_slice(), false, Kind::Float);
        let red = mean.narrow(1, 0, 1) - mean.narrow(1, 2, 1);
        vec![Tensor::cat(&[&red, &(-&red)], 1)]
    };
    let module = CModule::create_by_tracing("Red", "forward", &[example], &mut red).unwrap();
    module.save(folder.at("net.pt")).unwrap();
    let args = ["explain", "net.pt", "red.png", "--size", "32", "--preprocess", "unit", "--json"];
    let report = folder.json(&args);
    assert_eq!((&report["backend"], &report["explained"]["index"][0]), (&"tch".into(), &0.into()));
    // No places can be seen, so that the usual pair is one method.
    let gap = report["methods"]["integrated-gradients"]["completeness_gap"].as_f64().unwrap();
    assert!(gap.abs() < 1e-6 && report["methods"].as_object().unwrap().len() == 1, "{report}");
    assert!(folder.said(&["inspect", "net.pt", "--shape", "1x3x32x32"]).contains("TorchScript"));
    assert!(folder.said(&["check", "net.pt", "red.png", "--size", "32", "--preprocess", "unit"]).contains("trusted"));
    folder.refused(&["explain", "net.pt", "red.png", "--backend", "candle"], "libtorch alone");
    folder.refused(&["explain", "missing.pt", "red.png"], "no such file");
    std::fs::write(folder.at("no.pt"), b"no archive").unwrap();
    folder.refused(&["explain", "no.pt", "red.png"], "no.pt");
}
