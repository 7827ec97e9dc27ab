//! `xai evaluate` on arrays, sounds, tables and bytes.

use ndarray::arr2;

use crate::arrays::{given, pulse, put, put_at};
use crate::command::Folder;

/// Tables by columns, whose mean stands for none; signals by cells; bytes by what is at their embedding.
#[test]
fn methods_are_ranked_by_what_the_network_looks_at() {
    let folder = given();
    let methods = ["--method", "input-times-gradient", "--method", "integrated-gradients", "--json"];
    let ranked = |call: &[&str]| folder.json(&[&["evaluate"], call, &methods].concat());
    let metrics = |found: &serde_json::Value| {
        let names = found["metrics"].as_array().unwrap().iter();
        names.map(|metric| metric["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // The mean score of Integrated Gradients.
    let score = |found: &serde_json::Value, metric: &str| {
        let of = found["methods"].as_array().unwrap().iter();
        let of = of.into_iter().find(|of| of["method"] == "integrated-gradients").unwrap();
        of["scores"][metric]["mean"].as_f64().unwrap()
    };
    std::fs::write(folder.at("a.csv"), "age,income,debt,years\n0.5,1.0,0.2,0.1\n-1,0,2,1\n").unwrap();
    std::fs::write(folder.at("b.csv"), "age,income,debt,years\n0.5,1.0,0.2,0.1\n").unwrap();
    let (of_mean, of_zeros) = (ranked(&["loan.onnx", "a.csv"]), ranked(&["loan.onnx", "b.csv"]));
    assert_eq!(metrics(&of_mean), ["insertion", "deletion", "infidelity", "parameter randomisation", "mean rank"]);
    let notes = of_mean["notes"].to_string();
    assert!(notes.contains("the mean of the table's rows") && notes.contains("ROAD is left out"), "{notes}");
    assert!(!of_zeros["notes"].to_string().contains("the mean of the table's rows"));
    assert!((score(&of_mean, "deletion") - score(&of_zeros, "deletion")).abs() > 0.01);
    folder.refused(&["evaluate", "loan.onnx", "a.csv", "--grid", "2"], "--grid is for images and signals");

    put(&folder, "a.npy", &pulse(50, 20));
    put(&folder, "b.npy", &pulse(81, 60));
    put(&folder, "c.npy", &pulse(10, 0));
    let found = ranked(&["pulse.onnx", "given"]);
    assert_eq!((&found["inputs"], metrics(&found).len()), (&3.into(), 6));
    let values = &found["methods"][0]["scores"]["ROAD"]["inputs"];
    assert_eq!(values, &serde_json::json!(["given/a.npy", "given/b.npy", "given/c.npy"]));
    let random = found["methods"].as_array().unwrap().last().unwrap()["scores"]["insertion"]["mean"].as_f64();
    assert!(score(&found, "insertion") > random.unwrap(), "{found}");

    std::fs::write(folder.at("a.txt"), "so it is").unwrap();
    std::fs::write(folder.at("b.txt"), b"\x01\x02\x90 ab").unwrap();
    let found = ranked(&["text.onnx", "a.txt", "b.txt"]);
    assert!(found["notes"].to_string().contains("tokens come and go at embedding"), "{found}");
    assert!(score(&found, "infidelity") < 1e-4, "one number for each token, which the mean adds up: {found}");
    let refused = ["evaluate", "text.onnx", "a.txt", "--method", "grad-cam"];
    folder.refused(&refused, "Grad-CAM gives a map");

    // What is no input is named, and photos are not mixed with others.
    std::fs::write(folder.at("given/d.npy"), b"no array").unwrap();
    let call = [&["evaluate", "pulse.onnx", "given"][..], &methods].concat();
    let (_, stderr) = folder.noticed(&call);
    assert!(stderr.contains("d.npy: ") && stderr.contains("1 file is not in the table"), "{stderr}");
    folder.refused(&["evaluate", "colours.onnx", "red.png", "given/a.npy"], "photos and other files");
}

/// A softmax over one output is 1 whatever goes, and over steps no probability.
#[test]
fn what_is_no_probability_is_followed_as_it_is() {
    let folder = Folder::new();
    put_at(&folder, "one.npy", &arr2(&[[0.5f32, 0.1]]));
    put_at(&folder, "two.npy", &arr2(&[[0.5f32, 0.1], [1.0, -0.5]]));
    put_at(&folder, "pulse.npy", &pulse(20, 6));
    let methods = ["--method", "input-times-gradient", "--json"];
    let ranked = |call: &[&str]| folder.json(&[&["evaluate"], call, &methods].concat());
    let curve = |found: &serde_json::Value| found["methods"][0]["scores"]["insertion"]["mean"].as_f64().unwrap();
    let found = ranked(&["frames.onnx", "one.npy", "--no-batch"]);
    assert!(found["notes"].to_string().contains("follow the score, not a probability: there is one output"), "{found}");
    // One frame that comes: from 0 to tanh(0.5) - 2 tanh(0.1), at once behind the half.
    let all = 0.5f64.tanh() - 2.0 * 0.1f64.tanh();
    assert!((curve(&found) - all * 7.5 / 14.0).abs() < 1e-5, "{found}");
    let found = ranked(&["steps.onnx", "pulse.npy", "--one-sample"]);
    assert!(found["notes"].to_string().contains("along which axis"), "{found}");
    let found = ranked(&["frames.onnx", "two.npy", "--no-batch"]);
    assert!(!found["notes"].to_string().contains("not a probability"), "{found}");
    // Behind its softmax it is one already.
    std::fs::write(folder.at("a.csv"), "age,income,debt,years\n0.5,1.0,0.2,0.1\n").unwrap();
    let (before, behind) = (ranked(&["loan.onnx", "a.csv"]), ranked(&["loan.onnx", "a.csv", "--after-softmax"]));
    assert!((curve(&before) - curve(&behind)).abs() < 1e-5, "{before} {behind}");
}
