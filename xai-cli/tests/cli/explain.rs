//! `xai explain` on photos.

use ndarray::{Array4, ArrayD, Ix4, s};
use ndarray_npy::NpzReader;
use xai::files;

use crate::command::{Folder, quarter};

/// What is in the upper right quarter, as a share of all that is positive.
fn share(values: &ArrayD<f32>) -> f32 {
    let values = values.view().into_dimensionality::<Ix4>().unwrap().mapv(|v| v.max(0.0));
    let (rows, columns) = (values.dim().2, values.dim().3);
    values.slice(s![.., .., ..rows / 2, columns / 2..]).sum() / values.sum()
}

#[test]
fn the_usual_pair_finds_what_stands_out() {
    let folder = Folder::new();
    let args = ["explain", "colours.onnx", "red.png", "--preprocess", "unit", "--labels", "names.txt", "--json"];
    let report = folder.json(&[&args[..], &["--raw", "why.safetensors"]].concat());
    assert_eq!(report["explained"]["name"], "red");
    assert_eq!(report["explained"]["index"], serde_json::json!([0]));
    assert_eq!(report["methods"]["grad-cam"]["place"], "relu2");
    assert_eq!(report["methods"]["grad-cam"]["shape"], serde_json::json!([1, 1, 8, 8]));
    let gap = report["methods"]["integrated-gradients"]["completeness_gap"].as_f64().unwrap();
    assert!(gap.abs() < 1e-4, "secants are exact for such a network: {gap}");
    let top = report["top"].as_array().unwrap();
    let probabilities: f64 = top.iter().map(|class| class["probability"].as_f64().unwrap()).sum();
    assert!((probabilities - 1.0).abs() < 1e-9 && top.len() == 4, "{top:?}");

    let found = files::read_arrays::<f32>(folder.at("why.safetensors")).unwrap();
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["grad-cam", "input", "integrated-gradients", "output"]);
    assert!(share(&found["grad-cam"]) > 0.8, "{}", share(&found["grad-cam"]));
    assert!(share(&found["integrated-gradients"]) > 0.8);
    // Shares of the score: what it is more than for an input of zeros.
    let sum: f32 = found["integrated-gradients"].iter().sum();
    let bias = 0.0;
    assert!((sum - (report["explained"]["score"].as_f64().unwrap() as f32 - bias)).abs() < 1e-3, "{sum}");
    let picture = image::open(folder.at("explain.png")).unwrap();
    assert!(picture.width() > 3 * 224, "the photo and two maps");
}

#[test]
fn another_class_by_its_name_or_number_is_explained() {
    let folder = Folder::new();
    let args = ["explain", "colours.onnx", "red.png", "--preprocess", "unit", "--labels", "names.txt", "--json"];
    for target in ["Meadow", "green, meadow", "1"] {
        let more = ["--target", target, "--top", "1", "--method", "gradient"];
        let report = folder.json(&[&args[..], &more].concat());
        assert_eq!(report["explained"]["index"][0], 1, "{target}");
        assert_eq!(report["top"].as_array().unwrap().len(), 1);
        assert_eq!(report["top"][0]["name"], "red");
    }
}

#[test]
fn every_way_of_writing_has_the_same_numbers() {
    let folder = Folder::new();
    let mut args = vec!["explain", "colours.onnx", "red.png", "--preprocess", "tf", "--method", "lrp-epsilon"];
    for name in ["a.npz", "a.safetensors", "a.json", "a.html", "a.png"] {
        args.extend(["--out", name]);
    }
    let text = folder.said(&args);
    assert!(text.contains("wrote a.npz") && text.contains("LRP-ε"), "{text}");
    let tensors = files::read_arrays::<f32>(folder.at("a.safetensors")).unwrap();
    let mut npz = NpzReader::new(std::fs::File::open(folder.at("a.npz")).unwrap()).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.at("a.json")).unwrap()).unwrap();
    for (name, values) in &tensors {
        let of_npz: ArrayD<f32> = npz.by_name(name).unwrap();
        assert_eq!(of_npz, values, "{name}");
        let of_json = json["arrays"][name]["values"].as_array().unwrap();
        assert!(of_json.iter().zip(values).all(|(a, b)| a.as_f64().unwrap() as f32 == *b), "{name}");
        assert_eq!(json["arrays"][name]["shape"], serde_json::json!(values.shape()));
    }
    // What they are of is in the file.
    let about = npz.by_name::<ndarray::OwnedRepr<u8>, ndarray::Ix1>("about").unwrap();
    let about: serde_json::Value = serde_json::from_slice(&about.to_vec()).unwrap();
    assert_eq!((&about["network"], &about["input"]), (&"colours.onnx".into(), &"red.png".into()));
    assert_eq!(about["methods"]["lrp-epsilon"]["title"], "LRP-ε");
    let header = String::from_utf8_lossy(&std::fs::read(folder.at("a.safetensors")).unwrap()).into_owned();
    assert!(header.contains(r#"\"network\":\"colours.onnx\""#) && header.contains("__metadata__"));
    assert!((tensors["input"][[0, 0, 0, 0]] - (90.0 / 127.5 - 1.0)).abs() < 1e-6);
    let page = std::fs::read_to_string(folder.at("a.html")).unwrap();
    assert!(page.contains("data:image/png;base64,iVBORw0KGgo") && page.contains("LRP-ε"), "{page}");
    assert!(image::open(folder.at("a.png")).is_ok());
}

#[test]
fn photos_are_scaled_as_they_are_told() {
    let folder = Folder::new();
    let input = |more: &[&str]| -> Array4<f32> {
        let args = ["explain", "colours.onnx", "red.png", "--method", "gradient", "--raw", "in.safetensors"];
        folder.said(&[&args[..], more].concat());
        files::read_arrays::<f32>(folder.at("in.safetensors")).unwrap()["input"].clone().into_dimensionality().unwrap()
    };
    let red = |input: &Array4<f32>| [0, 1, 2].map(|channel| input[[0, channel, 4, 24]]);
    let close = |a: [f32; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-5);
    let unit = |byte: f64| byte / 255.0;
    let imagenet = [(unit(200.0) - 0.485) / 0.229, (unit(30.0) - 0.456) / 0.224, (unit(30.0) - 0.406) / 0.225];
    assert!(close(red(&input(&[])), imagenet));
    assert!(close(red(&input(&["--preprocess", "raw"])), [200.0, 30.0, 30.0]));
    let bgr = ["--preprocess", "unit", "--channels", "bgr"];
    assert!(close(red(&input(&bgr)), [unit(30.0), unit(30.0), unit(200.0)]));
    let own = ["--preprocess", "raw", "--mean", "127", "--std", "128,64,1"];
    assert!(close(red(&input(&own)), [73.0 / 128.0, -97.0 / 64.0, -97.0]));
    let by_default = folder.run(&["explain", "colours.onnx", "red.png", "--method", "gradient"]);
    let stderr = String::from_utf8(by_default.stderr).unwrap();
    assert!(stderr.contains("--preprocess imagenet is taken"), "{stderr}");
}

#[test]
fn channels_may_be_last_in_the_file() {
    let folder = Folder::new();
    let chosen = ["--method", "grad-cam", "--method", "kernel-shap", "--method", "gradient", "--seed", "1"];
    let values = |network: &str| {
        let args = ["explain", network, "red.png", "--preprocess", "unit", "--features", "2x2", "--raw", "o.npz"];
        folder.said(&[&args[..], &chosen].concat());
        let mut npz = NpzReader::new(std::fs::File::open(folder.at("o.npz")).unwrap()).unwrap();
        ["grad-cam", "kernel-shap", "gradient", "input"]
            .map(|name| npz.by_name::<ndarray::OwnedRepr<f32>, Ix4>(name).unwrap())
    };
    for (first, last) in values("colours.onnx").iter().zip(values("colours-last.onnx")) {
        assert_eq!(first.dim(), last.dim());
        assert!(first.iter().zip(&last).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}

/// As in a Swin transformer: by default, and at the same place by name, unless somebody says what is there.
#[test]
fn channels_may_be_last_inside() {
    let folder = Folder::new();
    let args = ["explain", "colours-inside.onnx", "red.png", "--preprocess", "unit", "--raw", "o.safetensors"];
    let map = |more: &[&str]| {
        let report = folder.json(&[&args[..], &["--json", "--method", "grad-cam"], more].concat());
        assert_eq!(report["methods"]["grad-cam"]["place"], "relu");
        let is_noted = report["notes"].to_string().contains("with --at relu --channels-last");
        (files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap().remove("grad-cam").unwrap(), is_noted)
    };
    let (usual, is_noted) = map(&[]);
    assert_eq!((usual.shape(), is_noted), (&[1, 1, 8, 8][..], true));
    // The upper right quarter stands out.
    assert!(usual.indexed_iter().all(|(at, value)| (*value > 0.0) == (at[2] < 4 && at[3] >= 4)), "{usual}");
    assert_eq!(map(&["--at", "relu"]), (usual.clone(), true));
    assert_eq!(map(&["--at", "relu", "--channels-last"]), (usual.clone(), false));
    assert_eq!(map(&["--channels-last"]), (usual, false));
    let (first, is_noted) = map(&["--at", "relu", "--channels-first"]);
    assert_eq!((first.shape(), is_noted), (&[1, 1, 8, 3][..], false));
    assert!(folder.said(&args).contains("Grad-CAM at relu"));
    let of_colours = folder.json(&["explain", "colours.onnx", "red.png", "--preprocess", "unit", "--json"]);
    assert_eq!(of_colours["methods"]["grad-cam"]["shape"], serde_json::json!([1, 1, 8, 8]));
    assert!(!of_colours["notes"].to_string().contains("--channels-last"));
}

#[test]
fn a_place_may_be_named() {
    let folder = Folder::new();
    let args =
        ["explain", "colours.onnx", "red.png", "--preprocess", "unit", "--at", "relu1", "--raw", "o.safetensors"];
    let report =
        folder.json(&[&args[..], &["--json", "--method", "grad-cam", "--method", "input-times-gradient"]].concat());
    assert_eq!(report["methods"]["grad-cam"]["shape"], serde_json::json!([1, 1, 16, 16]));
    // What is there is explained by the others: the score is linear in it but for the second relu, which lets all pass.
    assert_eq!(report["methods"]["input-times-gradient"]["shape"], serde_json::json!([1, 3, 16, 16]));
    let found = files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap();
    let score = report["explained"]["score"].as_f64().unwrap() as f32;
    assert!((found["input-times-gradient"].sum() - score).abs() < 1e-4);
}

#[test]
fn the_softmax_may_be_explained_too() {
    let folder = Folder::new();
    let args = ["explain", "colours.onnx", "red.png", "--preprocess", "unit", "--json", "--method", "gradient"];
    let before = folder.json(&args);
    let after = folder.json(&[&args[..], &["--after-softmax"]].concat());
    let (score, probability) = (&before["explained"]["score"], &before["explained"]["probability"]);
    assert!(score.as_f64() > Some(0.5));
    assert!((after["explained"]["score"].as_f64().unwrap() - probability.as_f64().unwrap()).abs() < 1e-6);
    assert!(after["explained"]["probability"].is_null());
    let inside = folder.json(&[&args[..], &["--output", "flat", "--target", "0"]].concat());
    assert_eq!(inside["top"].as_array().unwrap().len(), 3);
}

#[test]
fn frameworks_agree() {
    let folder = Folder::new();
    let args =
        ["explain", "colours.onnx", "red.png", "--preprocess", "unit", "--raw", "o.safetensors", "--threads", "1"];
    let found = |backend: &str| {
        folder.said(&[&args[..], &["--backend", backend]].concat());
        files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap()
    };
    let plain = found("ndarray");
    let mut backends = vec!["candle"];
    if cfg!(feature = "tch") {
        backends.push("tch");
    }
    for backend in backends {
        for (name, values) in found(backend) {
            let worst = (&values - &plain[&name]).iter().fold(0f32, |worst, d| worst.max(d.abs()));
            assert!(worst < 1e-4, "{name} on {backend}: {worst}");
        }
    }
}

#[test]
fn nothing_but_results_is_on_stdout_and_no_progress_where_no_terminal_is() {
    let folder = Folder::new();
    quarter([20, 180, 20]).save(folder.at("green.jpg")).unwrap();
    let output = folder.run(&["explain", "colours.onnx", "green.jpg", "--preprocess", "unit", "--labels", "names.txt"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("explained: 1 green (the score before the softmax)"), "{text}");
}
