//! The example `resnet`: its outputs, and what it does about mistakes.

use std::collections::BTreeMap;

use ndarray::ArrayD;
use xai::files;

use crate::command::{names, refused, run};

#[test]
fn mistakes_end_with_one_line_and_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("no.png"), b"not a picture").unwrap();
    std::fs::write(at.join("no.safetensors"), b"{").unwrap();
    image::RgbImage::new(1, 300).save(at.join("thin.png")).unwrap();
    let other = BTreeMap::from([("fc.bias".to_owned(), ArrayD::<f32>::zeros(vec![10]))]);
    std::fs::write(at.join("other.safetensors"), files::encode_arrays(&other).unwrap()).unwrap();
    let cases: [(&[&str], &str); 10] = [
        (&["--stage", "layer5"], "layer1, layer2, layer3, layer4"),
        (&["--stage"], "--stage"),
        (&["--backend", "jax"], "candle, tch"),
        (&["--unknown"], "--unknown"),
        (&["--weights", "missing.safetensors"], "missing.safetensors"),
        (&["--weights", "no.safetensors"], "no.safetensors"),
        (&["--weights", "other.safetensors"], "other.safetensors: no weight is named `conv1.weight`"),
        (&["--image", "no.png"], "no.png"),
        (&["--out", "no/folder/out.png"], "no/folder/out.png"),
        (&["--image", "thin.png"], "too narrow"),
    ];
    for (args, part) in cases {
        refused("resnet", at, args, part);
    }
}

#[test]
fn it_says_what_it_did_and_writes_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("resnet", folder.path(), &["--stage", "layer3", "--check", "--out", "panel.png"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["random", "the gradient can be trusted", "class ", "at layer3: completeness gap", "wrote panel.png"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(names(folder.path()), ["panel.png"]);
    assert!(image::open(folder.path().join("panel.png")).unwrap().width() > 3 * 224);
}
