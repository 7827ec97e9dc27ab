//! Integrated Gradients where nobody says how its path is followed, and values that do not add up.

use ndarray::{Array2, Array3};
use ndarray_npy::WriteNpyExt;
use xai::files;

use crate::command::Folder;

fn signal(folder: &Folder) {
    let signal = Array3::from_shape_fn((1, 1, 6), |(_, _, t)| t as f32 / 3.0 - 0.5);
    signal.write_npy(std::fs::File::create(folder.at("signal.npy")).unwrap()).unwrap();
}

fn row(folder: &Folder, numbers: &[f32]) {
    let row = Array2::from_shape_fn((1, numbers.len()), |(_, column)| numbers[column]);
    row.write_npy(std::fs::File::create(folder.at("row.npy")).unwrap()).unwrap();
}

/// The values, what is noted, and the completeness gap.
fn found(folder: &Folder, args: &[&str]) -> (ndarray::ArrayD<f32>, Vec<String>, f64) {
    let report = folder.json(&[args, &["--json", "--raw", "o.safetensors"]].concat());
    let values = files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap()["integrated-gradients"].clone();
    let notes = report["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap().to_owned()).collect();
    (values, notes, report["methods"]["integrated-gradients"]["completeness_gap"].as_f64().unwrap())
}

/// Its steps come first in the file, and rows do in what is read of it.
#[test]
fn a_recurrent_network_is_explained_by_secants() {
    let folder = Folder::new();
    signal(&folder);
    let args = ["explain", "memory.onnx", "signal.npy", "--target", "0"];
    let (values, notes, gap) = found(&folder, &args);
    assert!(gap.abs() < 1e-3 && notes.is_empty(), "{gap} {notes:?}");
    let by = |quadrature: &[&str]| {
        let asked = ["--method", "integrated-gradients", "--quadrature"];
        found(&folder, &[&args[..], &asked, quadrature].concat()).0
    };
    let most = values.iter().fold(0f32, |most, n| most.max(n.abs()));
    // By a tolerance, by so many chords, and by as many points as make no difference.
    for others in [by(&["secant"]), by(&["graded", "--n", "400"])] {
        assert!(values.iter().zip(&others).all(|(a, b)| (a - b).abs() < 0.02 * most), "{values} {others}");
    }
}

/// Secants that are there and have no finite values.
#[test]
fn secants_that_fail_are_replaced_as_well() {
    let folder = Folder::new();
    row(&folder, &[1.0, 0.5]);
    let args = ["explain", "arc.onnx", "row.npy", "--target", "0"];
    let (values, notes, gap) = found(&folder, &args);
    let exact = [1f32.asin(), 2.0 * 0.5f32.asin()];
    // Few points are near the end, where it rises without bound.
    assert!(values.iter().zip(exact).all(|(a, b)| (a - b).abs() < 0.2) && gap.abs() < 0.2, "{values} {gap}");
    assert!(notes.len() == 1 && notes[0].contains("not by secants: their values are no finite numbers"), "{notes:?}");
    folder.refused(&[&args[..], &["--quadrature", "secant"]].concat(), "is not finite");
}

/// What a mask hides has secants: it does not rise.
#[test]
fn secants_go_past_infinite_weights() {
    let folder = Folder::new();
    row(&folder, &[2.0, -3.0, 1.0]);
    let args = ["explain", "masked.onnx", "row.npy", "--target", "0"];
    let (values, notes, gap) = found(&folder, &args);
    let exact = [2f32.tanh(), 2.0 * (-3f32).tanh(), 0.0];
    assert!(values.iter().zip(exact).all(|(a, b)| (a - b).abs() < 1e-5) && gap.abs() < 1e-5, "{values} {gap}");
    assert!(notes.is_empty(), "{notes:?}");
    folder.said(&[&args[..], &["--quadrature", "secant"]].concat());
}

#[test]
fn who_asks_for_the_method_gets_what_is_usual() {
    let folder = Folder::new();
    signal(&folder);
    let method = ["--method", "integrated-gradients"];
    for args in
        [&["explain", "colours.onnx", "red.png", "--preprocess", "unit"][..], &["explain", "memory.onnx", "signal.npy"]]
    {
        let (usual, ..) = found(&folder, args);
        let (asked, ..) = found(&folder, &[args, &method].concat());
        assert_eq!(usual, asked);
    }
    // A tolerance places its points itself, and needs no secants to be left out.
    let photo = ["explain", "colours.onnx", "red.png", "--preprocess", "unit", "--tolerance", "0.05"];
    let report = folder.json(&[&photo[..], &["--json"]].concat());
    assert_eq!(report["methods"]["integrated-gradients"]["within_tolerance"], true);
    folder.refused(&[&photo[..], &["--n", "9"]].concat(), "in place of --n");
}

/// A step on the host whose rows are more than one sample's.
#[test]
fn secants_go_through_a_power_of_two_inputs() {
    let folder = Folder::new();
    row(&folder, &[2.0, 3.0]);
    let (values, notes, gap) =
        found(&folder, &["explain", "power.onnx", "row.npy", "--target", "0", "--reference", "1"]);
    assert!(notes.is_empty(), "{notes:?}");
    // From 1 to the power of 1 to 2 to the power of 3.
    assert!(gap.abs() < 0.02 && (values.sum() - 7.0).abs() < 0.02, "{values} {gap}");
}

#[test]
fn values_that_do_not_add_up_are_noticed() {
    let folder = Folder::new();
    row(&folder, &[40.0, -30.0, 20.0, 50.0]);
    let args = ["explain", "loan.onnx", "row.npy", "--method", "integrated-gradients", "--quadrature", "trapezoid"];
    let args = [&args[..], &["--n", "2"]].concat();
    let (stdout, stderr) = folder.noticed(&args);
    assert!(stdout.contains("completeness gap") && stderr.lines().count() == 1, "{stderr}");
    assert!(stderr.contains("the values add up to") && stderr.contains("--n"), "{stderr}");
    let (stdout, _) = folder.noticed(&[&args[..], &["--json"]].concat());
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert!(report["notes"][0].as_str().unwrap().contains("completeness gap"), "{report}");
    assert!(folder.at("explain.png").exists());
    // What is usual adds up.
    let (_, notes, _) = found(&folder, &["explain", "loan.onnx", "row.npy"]);
    assert!(notes.is_empty(), "{notes:?}");
}
