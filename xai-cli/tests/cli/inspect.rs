//! `xai inspect`, `xai check` and `xai methods`.

use serde_json::json;
use xai::{AnalyzerInfo, Needs};

use crate::command::Folder;

#[test]
fn a_file_tells_what_it_takes_and_where_it_can_be_looked_into() {
    let folder = Folder::new();
    let text = folder.said(&["inspect", "colours.onnx"]);
    for part in ["image: f32 (?, 3, 32, 32)", "Conv 2", "--at 'relu2'  (1, 3, 8, 8)", "yes  gradients"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let found = folder.json(&["inspect", "colours.onnx", "--json"]);
    assert_eq!(found["input_shape"], json!([1, 3, 32, 32]));
    assert_eq!(found["output_shape"], json!([1, 4]));
    assert_eq!(found["operators"]["Gemm"], 1);
    // The first convolution's output, 3 x 16 x 16.
    assert_eq!((&found["largest_value"], &found["largest_place"]), (&json!(768), &json!("conv1")));
    let cams: Vec<&str> =
        found["places_for_cams"].as_array().unwrap().iter().map(|place| place["name"].as_str().unwrap()).collect();
    assert_eq!(cams, ["relu2", "relu1"]);
    let places = found["places"].as_array().unwrap();
    assert!(places.iter().any(|place| place["name"] == "pool" && place["shape"] == json!([1, 3, 1, 1])));
}

#[test]
fn what_cannot_be_explained_says_why() {
    let folder = Folder::new();
    let found = folder.json(&["inspect", "loan.onnx", "--json"]);
    assert_eq!(found["input_shape"], json!([1, 4]));
    let cams = &found["explained_by"]["class activation maps"];
    assert_eq!(cams["possible"], false);
    assert!(cams["reason"].as_str().unwrap().contains("no feature maps"));
    assert_eq!(found["explained_by"]["gradients and paths"]["possible"], true);
    assert_eq!(found["explained_by"]["attention matrices"]["possible"], false);
    let text = folder.json(&["inspect", "text.onnx", "--shape", "1x8", "--json"]);
    assert_eq!(text["explained_place"], "embedding");
    assert_eq!(text["explained_by"]["gradients and paths"]["possible"], true);
    let found = folder.json(&["inspect", "pulse.onnx", "--shape", "1x1x64", "--json"]);
    assert_eq!(
        found["places_for_cams"],
        json!([{"name": "relu", "shape": [1, 2, 64], "tokens": null, "channels_last": false}])
    );
}

/// What is known of a file is told, whatever stands in the way of the rest.
#[test]
fn files_whose_network_cannot_be_run_tell_what_they_are() {
    let folder = Folder::new();
    for (file, input, why) in [
        ("pulse.onnx", "signal: f32 (?, 1, ?)", "--shape 1x1x16"),
        ("state.onnx", "state: f32 (?, 1)", "--input state=NUMBER"),
    ] {
        let text = folder.said(&["inspect", file]);
        assert!(text.contains(input) && text.contains("operators: ") && text.contains(why), "{text}");
        let found = folder.json(&["inspect", file, "--json"]);
        assert!(found["not_looked_into"].as_str().unwrap().contains(why) && found["places"].is_null(), "{found}");
        assert_eq!(found["operators"]["Gemm"], 1);
    }
    let (stdout, stderr) = folder.noticed(&["inspect", "strange.onnx"]);
    assert!(
        stdout.contains("com.example") && stdout.contains("Tanh 1") && stdout.contains("not supported:"),
        "{stdout}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let (stdout, _) = folder.noticed(&["inspect", "strange.onnx", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let nodes = found["not_supported"].as_array().unwrap();
    assert!(nodes.len() == 1 && nodes[0].as_str().unwrap().contains("Wobble"), "{found}");
    folder.refused(&["explain", "strange.onnx", "red.png"], "Wobble");
    // What stands before it can be looked into.
    assert_eq!(
        folder.json(&["inspect", "strange.onnx", "--output", "rectified", "--json"])["not_supported"],
        json!([])
    );
}

/// Which branch runs is not always known: both are told apart from what stands before them.
#[test]
fn operators_in_branches_are_counted_too() {
    let folder = Folder::new();
    let text = folder.said(&["inspect", "branches.onnx"]);
    assert!(text.contains("operators: If 1\noperators in branches: Relu 1, Tanh 2\n"), "{text}");
    let found = folder.json(&["inspect", "branches.onnx", "--json"]);
    assert_eq!(
        (&found["operators"], &found["operators_in_branches"]),
        (&json!({"If": 1}), &json!({"Relu": 1, "Tanh": 2}))
    );
}

/// A size that is assumed may be one that the network does not take.
#[test]
fn an_assumed_size_that_does_not_fit_is_said_and_the_file_is_told() {
    let folder = Folder::new();
    let text = folder.said(&["inspect", "line.onnx"]);
    for part in
        ["image: f32 (?, 3, ?, ?)", "Gemm 1", "an input of (1, 3, 224, 224), which was taken", "--shape 1x3xNxN"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(folder.said(&["inspect", "line.onnx", "--shape", "1x3x1x8"]).contains("yes  gradients"));
    for command in ["explain", "check"] {
        folder.refused(&[command, "line.onnx", "red.png", "--preprocess", "unit"], "--size ROWSxCOLUMNS");
    }
    folder.said(&["explain", "line.onnx", "red.png", "--preprocess", "unit", "--size", "1x8"]);
}

/// What stands behind the last attention has no gradient but at the class token.
#[test]
fn the_place_of_a_transformer_is_its_tokens_before_the_last_attention() {
    let folder = Folder::new();
    let text = folder.said(&["inspect", "patches.onnx"]);
    assert!(
        text.contains("first:\n  --at 'tokens' --tokens 1,2,2  (1, 5, 2)\n  --at 'patches'  (1, 2, 2, 2)\n"),
        "{text}"
    );
    let places = &folder.json(&["inspect", "patches.onnx", "--json"])["places_for_cams"];
    assert_eq!(places[0], json!({"name": "tokens", "shape": [1, 5, 2], "tokens": [1, 2, 2], "channels_last": false}));
    let explain = ["explain", "patches.onnx", "red.png", "--preprocess", "unit", "--json", "--out", "why.json"];
    let grid = |more: &[&str]| {
        let report = folder.json(&[&explain[..], &["--method", "grad-cam", "--target", "0"], more].concat());
        let whole = std::fs::read(folder.at("why.json")).unwrap();
        let whole: serde_json::Value = serde_json::from_slice(&whole).unwrap();
        (report, whole["arrays"]["grad-cam"].clone())
    };
    let (report, usual) = grid(&[]);
    assert_eq!(report["methods"]["grad-cam"]["place"], "tokens");
    let notes = report["notes"].to_string();
    assert!(notes.contains("--at tokens --tokens 1,2,2, before the last attention"), "{notes}");
    assert_eq!((&usual["shape"], &usual), (&json!([1, 1, 2, 2]), &grid(&["--at", "tokens", "--tokens", "1,2,2"]).1));
    assert_eq!(grid(&["--channels-first"]).0["methods"]["grad-cam"]["place"], "patches");
    // Of tokens what is counted is their channels too.
    let crp = ["explain", "patches.onnx", "red.png", "--preprocess", "unit", "--method", "crp", "--at", "tokens"];
    folder.refused(&[&crp[..], &["--concepts", "2", "--unknown", "gradient"]].concat(), "there are 2 at `tokens`");
}

/// What stands behind rows and columns would be taken for them.
#[test]
fn places_whose_channels_are_last_are_told_with_the_option() {
    let folder = Folder::new();
    let text = folder.said(&["inspect", "colours-inside.onnx"]);
    assert!(
        text.contains("first:\n  --at 'relu' --channels-last  (1, 8, 8, 3)\n  --at 'patches'  (1, 3, 8, 8)\n\n"),
        "{text}"
    );
    // Concepts are counted there too.
    let crp = ["explain", "colours-inside.onnx", "red.png", "--preprocess", "unit", "--method", "crp", "--json"];
    let of = |more: &[&str]| folder.json(&[&crp[..], &["--raw", "o.safetensors", "--target", "0"], more].concat());
    let report = of(&["--at", "relu", "--concepts", "0"]);
    assert!(report["notes"].to_string().contains("--at relu --channels-last"), "{report}");
    let red = &xai::files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap()["crp"];
    // The first channel is that of red, which is in the upper right quarter alone.
    let (inside, all) = (red.slice(ndarray::s![0, .., ..16, 16..]).sum(), red.sum());
    assert!(all > 0.5 && inside > 0.95 * all, "{inside} of {all}");
    folder.refused(&[&crp[..], &["--at", "relu", "--concepts", "3"]].concat(), "there are 3 at `relu`");
    of(&["--at", "relu", "--concepts", "0,7", "--channels-first"]);
    let states = folder.json(&["inspect", "states.onnx", "--shape", "1x1x16", "--json"]);
    let lstm = json!({"name": "lstm", "shape": [1, 16, 2], "tokens": null, "channels_last": true});
    assert_eq!(states["places_for_cams"], json!([lstm]));
    for (file, places) in [("colours.onnx", 2), ("colours-last.onnx", 3)] {
        let found = folder.json(&["inspect", file, "--json"]);
        let last = found["places_for_cams"].as_array().unwrap().iter().map(|place| &place["channels_last"]);
        assert_eq!(last.collect::<Vec<_>>(), vec![&json!(false); places]);
    }
}

/// It is nobody's input: what is computed counts.
#[test]
fn an_output_that_is_declared_otherwise_is_noted() {
    let folder = Folder::new();
    let mut bytes = std::fs::read(folder.at("colours.onnx")).unwrap();
    // A length of 4.
    let four = bytes.windows(4).rposition(|part| part == b"\x0a\x02\x08\x04").unwrap();
    bytes[four + 3] = 5;
    std::fs::write(folder.at("five.onnx"), bytes).unwrap();
    for args in [&["inspect", "five.onnx"][..], &["check", "five.onnx", "red.png", "--preprocess", "unit"]] {
        let notes = folder.json(&[args, &["--json"]].concat())["notes"].to_string();
        let said = "declares an output probabilities: f32 (?, 5), and (1, 4) is computed, which is taken";
        assert!(notes.contains(said), "{args:?}: {notes}");
    }
    let of_right = folder.json(&["inspect", "colours.onnx", "--shape", "2x3x32x32", "--json"]);
    assert_eq!(of_right["notes"], json!([]));
}

/// As they are explained: whole numbers have no gradient, and what is at their embedding has.
#[test]
fn gradients_of_bytes_are_checked_at_their_embedding() {
    let folder = Folder::new();
    std::fs::write(folder.at("note.txt"), b"ab\x01").unwrap();
    let found = folder.json(&["check", "text.onnx", "note.txt", "--json"]);
    assert_eq!((&found["trusted"], &found["place"]), (&json!(true), &json!("embedding")));
    let args = ["check", "colours.onnx", "red.png", "--preprocess", "unit"];
    let text = folder.said(&[&args[..], &["--at", "relu1", "--target", "Meadow", "--labels", "names.txt"]].concat());
    assert!(text.contains("of 1 green, from relu1 on: ") && text.contains("can be trusted"), "{text}");
    let found = folder.json(&[&args[..], &["--target", "2", "--json"]].concat());
    assert_eq!((&found["target"]["index"], &found["place"]), (&json!([2]), &json!(null)));
    folder.refused(&[&args[..], &["--target", "4"]].concat(), "0 to 3");
    folder.refused(&[&args[..], &["--at", "relu7"]].concat(), "did you mean `relu");
}

#[test]
fn a_right_gradient_is_trusted_in_words() {
    let folder = Folder::new();
    let text = folder.said(&["check", "colours.onnx", "red.png", "--preprocess", "unit"]);
    assert!(text.contains("can be trusted"), "{text}");
    let found =
        folder.json(&["check", "colours.onnx", "red.png", "--preprocess", "unit", "--json", "--directions", "4"]);
    assert_eq!(found["trusted"], true);
    assert_eq!(found["directions"], 4);
    assert!(found["relative_error"].as_f64().unwrap() < 0.01);
}

#[test]
fn a_gradient_that_cannot_be_trusted_is_exit_code_1() {
    let folder = Folder::new();
    // Grey all over: no colour stands out, all relus are shut, and the score does not move.
    image::RgbImage::from_pixel(32, 32, image::Rgb([90; 3])).save(folder.at("grey.png")).unwrap();
    let output = folder.run(&["check", "colours.onnx", "grey.png", "--preprocess", "unit"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    // One verdict on both.
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(stdout.contains("nothing can be said") && stderr.contains("nothing can be said"), "{stdout}{stderr}");
    assert_eq!(stderr.lines().count(), 1);
}

#[test]
fn every_method_is_listed_on_a_line() {
    let folder = Folder::new();
    let text = folder.said(&["methods"]);
    let listed: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let all: Vec<&str> = AnalyzerInfo::all().iter().map(|info| info.name).collect();
    assert_eq!(listed, all);
    assert!(text.lines().any(|line| line.starts_with("grad-cam ") && line.contains("--at")));
    let found = folder.json(&["methods", "--json"]);
    let methods = found["methods"].as_array().unwrap();
    assert_eq!(methods.iter().map(|method| method["name"].as_str().unwrap()).collect::<Vec<_>>(), all);
    let cam = methods.iter().find(|method| method["name"] == "grad-cam").unwrap();
    assert!(cam["options"].as_array().unwrap().contains(&json!("--at")), "{cam}");
    assert_eq!((&cam["needs"], &cam["title"]), (&json!("the gradient"), &json!("Grad-CAM")));
}

#[test]
fn every_method_runs_by_its_name() {
    let folder = Folder::new();
    let mut args = vec!["explain", "colours.onnx", "red.png", "--preprocess", "unit", "--json", "--out", "all.npz"];
    args.extend(["--n", "8", "--features", "2x2", "--concepts", "0,2", "--low", "0", "--high", "1"]);
    // The network has no attention.
    let all = AnalyzerInfo::all().iter().filter(|info| info.needs != Needs::Attention);
    let all: Vec<&str> = all.map(|info| info.name).collect();
    all.iter().for_each(|name| args.extend(["--method", name]));
    // Of so few points and draws some do not add up, which is noticed.
    let (stdout, stderr) = folder.noticed(&args);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["methods"].as_object().unwrap().len(), all.len());
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}
