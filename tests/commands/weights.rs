//! The command `xai` on the bundled network, whose weights are no part of its own package.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// What `xai` prints. `cargo test --workspace` builds it beside the tests; with less, build it first.
fn said(args: &[&str]) -> String {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("xai");
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} is missing: cargo build --package xai-cli", program.display());
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program).args(args).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn bundled(path: &str) -> String {
    format!("{}/../assets/{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn weights_of_a_known_network_make_it() {
    let [weights, photo, names] =
        ["efficientnet-lite0/efficientnet-lite0-f16.safetensors", "photos/coffee.png", "imagenet/names.json"]
            .map(bundled);
    let args = ["explain", &weights, &photo, "--labels", &names, "--json", "--method", "grad-cam"];
    let report: Value = serde_json::from_str(&said(&args)).unwrap();
    // What the example `explain` finds in the same photo.
    assert_eq!(report["explained"]["index"][0], 967);
    assert!((report["explained"]["score"].as_f64().unwrap() - 11.4).abs() < 0.1, "{report}");
    assert_eq!(report["methods"]["grad-cam"]["shape"], json!([1, 1, 7, 7]));
    let text = said(&["inspect", &weights]);
    assert!(text.contains("weights of EfficientNet-Lite0") && text.contains("--at 'head"), "{text}");
}
