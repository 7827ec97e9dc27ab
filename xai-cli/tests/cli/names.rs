//! Names out of files: labels, and what a terminal must not obey.

use ndarray_npy::WriteNpyExt;
use serde_json::json;

use crate::command::Folder;

const PHOTO: [&str; 5] = ["explain", "colours.onnx", "red.png", "--preprocess", "unit"];

#[test]
fn labels_are_lines_a_list_or_hugging_faces_dictionary() {
    let folder = Folder::new();
    let names = ["red", "green", "blue", "none"];
    let by_number: serde_json::Map<_, _> =
        names.iter().enumerate().map(|(n, name)| (n.to_string(), json!(name))).collect();
    std::fs::write(folder.at("list.json"), json!(names).to_string()).unwrap();
    std::fs::write(folder.at("map.json"), json!(by_number).to_string()).unwrap();
    std::fs::write(folder.at("config.json"), json!({"id2label": by_number, "hidden": 3}).to_string()).unwrap();
    for file in ["list.json", "map.json", "config.json"] {
        let more = ["--labels", file, "--target", "blue", "--method", "gradient", "--json"];
        let report = folder.json(&[&PHOTO[..], &more].concat());
        assert_eq!((&report["explained"]["index"][0], &report["top"][0]["name"]), (&json!(2), &json!("red")), "{file}");
    }
    std::fs::write(folder.at("gap.json"), json!({"0": "red", "2": "blue"}).to_string()).unwrap();
    folder.refused(&[&PHOTO[..], &["--labels", "gap.json"]].concat(), "class 1 has no name");
    std::fs::write(folder.at("other.json"), json!({"vocab": 3}).to_string()).unwrap();
    folder.refused(&[&PHOTO[..], &["--labels", "other.json"]].concat(), "`id2label`");
}

#[test]
fn names_that_are_wrong_or_of_two_classes_are_answered_with_what_to_type() {
    let folder = Folder::new();
    std::fs::write(folder.at("twice.txt"), "red\ncrane\nblue\ncrane\n").unwrap();
    let target = |labels: &str, target: &str, part: &str| {
        folder.refused(&[&PHOTO[..], &["--labels", labels, "--target", target]].concat(), part);
    };
    target("twice.txt", "crane", "2 classes have this name: say one by its number, 1, 3");
    target("twice.txt", "craine", "did you mean `crane`");
    let fourth = ["--labels", "twice.txt", "--target", "3", "--method", "gradient", "--json"];
    folder.json(&[&PHOTO[..], &fourth].concat());
    let refused = |more: &[&str], part: &str| folder.refused(&[&PHOTO[..], more].concat(), part);
    refused(&["--target", "-1"], "the network's outputs are 0 to 3");
    refused(&["--target", "1,2"], "the network's outputs are 0 to 3");
    refused(&["--at", "rleu1"], "did you mean `relu1`");
    refused(&["--output", "probabilites"], "did you mean `probabilities`");
    refused(&["--input", "imgae=0"], "did you mean `image`");
}

#[test]
fn no_name_from_a_file_gives_a_terminal_orders() {
    let folder = Folder::new();
    let orders = "\u{1b}[31mred\u{9b}2J";
    std::fs::write(folder.at("orders.json"), json!([orders, "two\nlines", "c", "d"]).to_string()).unwrap();
    let calls: [&[&str]; 4] = [
        &[&PHOTO[..], &["--labels", "orders.json"]].concat(),
        &[&PHOTO[..], &["--labels", "orders.json", "--json"]].concat(),
        &[&PHOTO[..], &["--labels", "orders.json", "--target", "orders"]].concat(),
        &["inspect", "strange.onnx"],
    ];
    for call in calls {
        let output = folder.run(call);
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8(text).unwrap();
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{call:?}: {text:?}");
        }
    }
    let text = folder.said(&[&PHOTO[..], &["--labels", "orders.json"]].concat());
    assert!(text.contains("\\u{1b}[31mred") && text.contains("two\\nlines"), "{text}");
    let report = folder.json(&[&PHOTO[..], &["--labels", "orders.json", "--json"]].concat());
    assert_eq!(report["top"][0]["name"], orders, "programs get the name itself");
}

#[cfg(unix)]
#[test]
fn a_line_break_in_a_name_breaks_no_line() {
    let folder = Folder::new();
    let text = folder.said(&[&PHOTO[..], &["--method", "gradient", "--out", "two\nlines.png"]].concat());
    assert!(text.ends_with("\nwrote two\\nlines.png\n"), "{text}");
    assert!(folder.at("two\nlines.png").exists());
    let mut bytes = std::fs::read(folder.at("strange.onnx")).unwrap();
    let name = bytes.windows(4).position(|part| part == b"red\x1b").unwrap();
    bytes[name + 3] = b'\n';
    std::fs::write(folder.at("odd.onnx"), bytes).unwrap();
    folder.refused(&["explain", "odd.onnx", "red.png"], "node `red\\n[31m` (com.example.Wobble");
}

/// Whose maps are meant nobody knows.
#[test]
fn nodes_of_one_name_are_told_apart() {
    let folder = Folder::new();
    let mut bytes = std::fs::read(folder.at("colours.onnx")).unwrap();
    let second = bytes.windows(5).position(|part| part == b"relu2").unwrap();
    bytes[second + 4] = b'1';
    std::fs::write(folder.at("twice.onnx"), bytes).unwrap();
    let call = ["explain", "twice.onnx", "red.png", "--preprocess", "unit", "--method", "grad-cam", "--json"];
    let refused = "--at relu1: 2 places have this name, and are told apart by their output's name";
    folder.refused(&[&call[..], &["--at", "relu1"]].concat(), refused);
    folder.refused(&[&call[..], &["--at", "relu1"]].concat(), "say one of `relu1:colour`, `relu1:maps`");
    for at in ["relu1:colour", "colour", "relu1:maps"] {
        folder.json(&[&call[..], &["--at", at]].concat());
    }
    assert_eq!(folder.json(&call)["methods"]["grad-cam"]["place"], "relu1:maps");
    assert!(folder.said(&["inspect", "twice.onnx"]).contains("relu1:maps"));
}

/// What is at a place without rows and columns is a list of numbers, not a map of one pixel.
#[test]
fn a_vector_inside_is_bars_and_no_map() {
    let folder = Folder::new();
    folder.refused(&[&PHOTO[..], &["--method", "grad-cam", "--at", "flat"]].concat(), "rows and columns");
    folder.refused(&[&PHOTO[..], &["--method", "layer-cam", "--at", "pool"]].concat(), "rows and columns");
    let report = folder.json(&[&PHOTO[..], &["--json", "--method", "input-times-gradient", "--at", "flat"]].concat());
    assert_eq!(report["methods"]["input-times-gradient"]["shape"], json!([1, 3]));
    // Nor is what is usual taken where it cannot look.
    let report = folder.json(&[&PHOTO[..], &["--json", "--at", "flat"]].concat());
    assert_eq!(report["methods"].as_object().unwrap().keys().collect::<Vec<_>>(), ["integrated-gradients"]);
    let picture = image::open(folder.at("explain.png")).unwrap();
    assert!(picture.width() > 520 + 224, "the photo and bars: {}", picture.width());
}

#[test]
fn options_that_nothing_uses_are_refused_or_noted() {
    let folder = Folder::new();
    let row = ndarray::arr2(&[[0.5f32, 1.0, 0.2, 0.1]]);
    row.write_npy(std::fs::File::create(folder.at("row.npy")).unwrap()).unwrap();
    std::fs::write(folder.at("rows.csv"), "age,income,debt,years\n0.5,1.0,0.2,0.1\n").unwrap();
    for (args, part) in [
        (&["explain", "loan.onnx", "row.npy", "--row", "0"][..], "--row"),
        (&["explain", "loan.onnx", "row.npy", "--columns", "age"], "--columns"),
        (&["explain", "loan.onnx", "rows.csv", "--pad", "0"], "--pad"),
        (&["explain", "loan.onnx", "rows.csv", "--row", "-1"], "0 is the row behind the line of names"),
        (&["explain", "text.onnx", "names.txt", "--row", "0"], "--row"),
        (&["explain", "text.onnx", "names.txt", "--pad", "-1"], "from 0"),
        (&["evaluate", "colours.onnx", "red.png", "--method", "gradient", "--at", "relu1"], "leave --at out"),
        (&["check", "colours.onnx", "red.png", "--labels", "names.txt"], "--target"),
        (&["explain", "colours.onnx", "red.png", "--std", "-1"], "above 0"),
    ] {
        folder.refused(args, part);
    }
    let noted = |args: &[&str], part: &str| {
        let output = folder.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && stderr.lines().any(|line| line.contains(part)), "{args:?}: {stderr}");
    };
    noted(&["inspect", "power.onnx", "--after-softmax"], "--after-softmax changes nothing");
    noted(&["inspect", "colours.onnx", "--backend", "ndarray", "--threads", "2"], "--threads changes nothing");
}
