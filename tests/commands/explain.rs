//! The example `explain`: its outputs, and what it does about mistakes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use ndarray::{ArrayD, Axis, Ix4, concatenate};
use serde_json::Value;
use xai::{AnalyzerInfo, files};

use crate::command::{self, names, run};

/// The frameworks that this test was built with.
fn backends() -> Vec<&'static str> {
    let all = [("candle", cfg!(feature = "candle")), ("tch", cfg!(feature = "tch"))];
    all.into_iter().filter_map(|(name, on)| on.then_some(name)).collect()
}

fn explain(folder: &Path, args: &[&str]) -> Output {
    run("explain", folder, args)
}

fn refused(folder: &Path, args: &[&str], part: &str) {
    command::refused("explain", folder, args, part);
}

fn save(path: &Path, name: &str, array: ArrayD<f32>) {
    let bytes = files::encode_arrays(&BTreeMap::from([(name.to_owned(), array)])).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn mistakes_end_with_one_line_and_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("no.png"), b"not a picture").unwrap();
    std::fs::write(at.join("no.safetensors"), b"{").unwrap();
    image::RgbImage::new(1, 300).save(at.join("thin.png")).unwrap();
    save(&at.join("small.safetensors"), "input", ArrayD::zeros(vec![1, 3, 8, 8]));
    save(&at.join("nan.safetensors"), "input", ArrayD::from_elem(vec![1, 3, 224, 224], f32::NAN));
    save(&at.join("other.safetensors"), "image", ArrayD::zeros(vec![1, 3, 224, 224]));
    let cases: [(&[&str], &str); 39] = [
        (&["--analyzer", "grad-cams"], "integrated-gradients"),
        (&["--analyzer", "grad-cams"], "a similar value exists: 'grad-cam'"),
        (&["--analyzer", "occlusion", "--features", "7x7"], "takes --features: --list"),
        (&["--analyzer", "gradient", "--place", "head"], "takes --place: --list"),
        (&["--analyzer", "grad-cam", "--place", "no-place"], "no-place"),
        (&["--analyzer", "lime", "--features", "0x7"], "14x14"),
        (&["--analyzer", "exact-shapley", "--features", "14x14"], "16"),
        (&["--quadrature", "simpson"], "gauss-legendre"),
        (&["--tolerance", "0"], "above 0"),
        (&["--class", "1000"], "0 to 999"),
        (&["--class", "-1"], "0 to 999"),
        (&["--class", "cat"], "0 to 999"),
        (&["--n", "0"], "at least 1"),
        (&["--n", "-3"], "at least 1"),
        (&["--n", "1", "--analyzer", "integrated-gradients"], "n = 1"),
        (&["--noise", "-0.5"], "at least 0"),
        (&["--noise", "nan"], "at least 0"),
        (&["--seed", "-1"], "from 0 to"),
        (&["--chunk", "0"], "at least 1"),
        (&["--unknown"], "--unknown"),
        (&["--image"], "--image"),
        (&["photo.png"], "photo.png"),
        (&["--image", "missing.png"], "missing.png"),
        (&["--image", "no.png"], "no.png"),
        (&["--image", "thin.png"], "too small"),
        (&["--image", "thin.png", "--input", "small.safetensors"], "cannot be used with"),
        (&["--input", "no.safetensors"], "no.safetensors"),
        (&["--input", "small.safetensors"], "[1, 3, 8, 8]"),
        (&["--input", "nan.safetensors"], "NaN"),
        (&["--input", "other.safetensors"], "no tensor `input`"),
        (&["--weights", "other.safetensors"], "_conv_stem.weight"),
        (&["--backend", "jax"], "candle, tch"),
        (&["--device", "gpu"], "cuda:N"),
        (&["--device", "cuda:-1"], "cuda:N"),
        (&["--backend", "ndarray", "--device", "cuda:0"], "cuda:0"),
        (&["--backend", "candle", "--device", "cuda:99"], "--features c"),
        (&["--backend", "tch", "--device", "cuda:99"], "--features tch"),
        (&["--out", "no/folder/out.png"], "no/folder/out.png"),
        (&["--raw", "same", "--out", "same"], "is written too"),
    ];
    for (args, part) in cases {
        refused(at, args, part);
    }
}

#[test]
fn every_analyzer_is_listed_on_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let output = explain(folder.path(), &["--list"]);
    assert!(output.status.success() && output.stderr.is_empty());
    let text = String::from_utf8(output.stdout).unwrap();
    let listed: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let all: Vec<&str> = AnalyzerInfo::all().iter().map(|info| info.name).collect();
    assert_eq!(listed, all);
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(
        line("smooth-grad ").contains("SmoothGrad | needs the gradient | costs n gradients | options: --n --noise")
    );
    assert!(line("grad-cam ").contains("--place") && !line("gradient ").contains("--"));
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

/// One of each family, with what makes it cheap.
#[test]
fn any_analyzer_of_the_library_runs_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let chosen = ["var-grad", "idgi", "lrp-epsilon-plus", "deep-lift", "layer-cam", "kernel-shap", "rise", "full-grad"];
    let mut args = vec!["--json", "--n", "4", "--features", "2x2", "--seed", "3", "--raw", "all.raw"];
    chosen.iter().for_each(|name| args.extend(["--analyzer", name]));
    let output = explain(at, &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["analyzers"].as_object().unwrap().len(), chosen.len());
    let raw = files::read_arrays::<f32>(at.join("all.raw")).unwrap();
    for name in chosen {
        let values = &raw[name];
        assert!(values.iter().all(|v| v.is_finite()) && values.iter().any(|v| *v != values[[0, 0, 0, 0]]), "{name}");
    }
    assert_eq!(raw["layer-cam"].shape(), [1, 1, 7, 7]);
    // Four cells: each number has the value of its cell.
    for ((sample, channel, i, j), value) in
        raw["kernel-shap"].view().into_dimensionality::<Ix4>().unwrap().indexed_iter()
    {
        assert_eq!(*value, raw["kernel-shap"][[sample, 0, i / 112 * 112, j / 112 * 112]], "{channel} {i} {j}");
    }
}

#[test]
fn a_class_activation_map_looks_at_the_place_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let output = explain(at, &["--analyzer", "hi-res-cam", "--place", "blocks.4", "--raw", "early.raw"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(files::read_arrays::<f32>(at.join("early.raw")).unwrap()["hi-res-cam"].shape(), [1, 1, 28, 28]);
}

#[test]
fn a_framework_that_is_not_built_in_is_named_with_its_feature() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["candle", "tch"] {
        if !backends().contains(&name) {
            refused(folder.path(), &["--backend", name], &format!("`--features {name}`"));
        }
    }
}

#[test]
fn every_framework_sees_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut first: Option<BTreeMap<String, ArrayD<f32>>> = None;
    for name in backends() {
        let args = ["--backend", name, "--device", "cpu", "--json", "--analyzer", "grad-cam", "--raw", name];
        let output = explain(at, &args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&report["backend"], &report["device"]), (&name.into(), &"cpu".into()));
        assert_eq!(report["samples"][0]["class"], 285);
        let found = files::read_arrays::<f32>(at.join(name)).unwrap();
        let expected = first.get_or_insert_with(|| found.clone());
        for (key, values) in &found {
            let difference = (values - &expected[key]).iter().fold(0f32, |worst, d| worst.max(d.abs()));
            assert!(difference < 1e-3, "{key} of {name}: {difference}");
        }
    }
}

#[test]
fn a_failure_of_the_second_output_leaves_no_first() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), &["--analyzer", "grad-cam", "--raw", "no/folder/raw.safetensors"], "raw.safetensors");
}

#[test]
fn json_is_one_object_and_the_outputs_are_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let args = [
        "--json",
        "--analyzer",
        "grad-cam",
        "--analyzer",
        "integrated-gradients",
        "--analyzer",
        "grad-cam",
        "--n",
        "2",
        "--class",
        "967",
        "--raw",
        "raw.safetensors",
        "--out",
        "panel.png",
    ];
    let output = explain(at, &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "no progress where no terminal is");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sample = &report["samples"][0];
    assert_eq!(sample["class"], 967);
    assert_eq!(sample["top_five"][0]["class"], 285);
    assert_eq!(sample["top_five"].as_array().unwrap().len(), 5);
    assert_eq!(sample["top_five"][0]["name"], "Egyptian cat");
    let analyzers = report["analyzers"].as_object().unwrap();
    assert_eq!(analyzers.keys().collect::<Vec<_>>(), ["grad-cam", "integrated-gradients"]);
    assert!(analyzers["grad-cam"]["milliseconds"].as_f64().unwrap() > 0.0);
    assert!(analyzers["grad-cam"]["completeness_gap"].is_null());
    let gap = analyzers["integrated-gradients"]["completeness_gap"][0].as_f64().unwrap();

    assert_eq!(names(at), ["panel.png", "raw.safetensors"]);
    assert!(image::open(at.join("panel.png")).unwrap().width() > 3 * 224);
    let raw = files::read_arrays::<f32>(at.join("raw.safetensors")).unwrap();
    assert_eq!(raw.keys().collect::<Vec<_>>(), ["grad-cam", "integrated-gradients", "output"]);
    assert_eq!(raw["grad-cam"].shape(), [1, 1, 7, 7]);
    assert_eq!(raw["integrated-gradients"].shape(), [1, 3, 224, 224]);
    assert!((f64::from(raw["output"][[0, 967]]) - 7.3319).abs() < 0.05);
    // f(x₀) is between the logits of a network; the gap says how far the sum is from the difference.
    let sum: f64 = raw["integrated-gradients"].iter().map(|&v| f64::from(v)).sum();
    let reference = f64::from(raw["output"][[0, 967]]) - (sum - gap);
    assert!(reference.abs() < 20.0 && gap.is_finite(), "{reference} {gap}");
}

#[test]
fn several_inputs_give_what_each_gives_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let preprocessed = |name: &str| {
        let photo = image::open(format!("{}/../assets/photos/{name}.png", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let photo = photo.into_rgb8();
        ArrayD::from_shape_fn(vec![1, 3, 224, 224], |i| {
            (f32::from(photo.get_pixel(i[3] as u32, i[2] as u32).0[i[1]]) - 127.0) / 128.0
        })
    };
    let both = [preprocessed("coffee"), preprocessed("chelsea")];
    save(&at.join("both.safetensors"), "input", concatenate![Axis(0), both[0], both[1]].into_dyn());
    let args = ["--json", "--analyzer", "grad-cam", "--input", "both.safetensors", "--raw", "both.raw"];
    let output = explain(at, &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let classes: Vec<u64> =
        report["samples"].as_array().unwrap().iter().map(|s| s["class"].as_u64().unwrap()).collect();
    assert_eq!(classes, [967, 282]);
    let photo = format!("{}/../assets/photos/chelsea.png", env!("CARGO_MANIFEST_DIR"));
    let alone = explain(at, &["--analyzer", "grad-cam", "--image", &photo, "--raw", "alone.raw"]);
    assert!(String::from_utf8(alone.stdout).unwrap().contains("tiger cat"));
    let read = |name: &str| files::read_arrays::<f32>(at.join(name)).unwrap();
    let (both, alone) = (read("both.raw"), read("alone.raw"));
    for key in ["output", "grad-cam"] {
        let second = both[key].index_axis(Axis(0), 1);
        let difference = (&second - &alone[key].index_axis(Axis(0), 0)).iter().fold(0f32, |w, d| w.max(d.abs()));
        assert!(difference < 1e-3, "{key}: {difference}");
    }
}

#[test]
fn a_photo_of_another_size_is_cropped_and_resized() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let photo = image::open(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/photos/coffee.png")).unwrap();
    // The centred 7/8 of 512 is 448, at (32 + 50, 32): the photo enlarged, in a frame that is cut off.
    let large = photo.resize_exact(448, 448, image::imageops::FilterType::CatmullRom);
    let mut framed = image::RgbImage::from_pixel(612, 512, image::Rgb([255, 0, 255]));
    image::imageops::replace(&mut framed, &large.into_rgb8(), 82, 32);
    framed.save(at.join("framed.jpg")).unwrap();
    let output = explain(at, &["--json", "--analyzer", "grad-cam", "--image", "framed.jpg"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let top = &report["samples"][0]["top_five"][0];
    assert_eq!(top["class"], 967);
    assert!((top["logit"].as_f64().unwrap() - 11.4).abs() < 1.0, "{top}");
    assert_eq!(names(at), ["explain.png", "framed.jpg"]);
}
