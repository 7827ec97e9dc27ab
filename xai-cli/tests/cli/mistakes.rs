//! One line, exit code 2, and no file.

use crate::command::Folder;

#[test]
fn mistakes_end_with_one_line_and_leave_no_file() {
    let folder = Folder::new();
    std::fs::write(folder.at("no.png"), b"not a picture").unwrap();
    std::fs::write(folder.at("no.onnx"), b"\xff\xff\xff").unwrap();
    std::fs::write(folder.at("two.txt"), "a\nb\n").unwrap();
    std::fs::write(folder.at("empty.txt"), "\n\n").unwrap();
    std::fs::write(folder.at("no.npy"), b"\x93NUMPY").unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["explian"], "explain"),
        (&["explain"], "<NETWORK>"),
        (&["explain", "colours.onnx"], "<INPUT>"),
        (&["explain", "missing.onnx", "red.png"], "missing.onnx"),
        (&["explain", "no.onnx", "red.png"], "no.onnx"),
        (&["explain", "red.png", "red.png"], "a network is a file .onnx"),
        (&["explain", "colours.onnx", "missing.png"], "missing.png"),
        (&["explain", "colours.onnx", "no.png"], "no.png"),
        (&["explain", "colours.onnx", "no.npy"], "no.npy"),
        (&["explain", "colours.onnx", "names.txt"], "an input is"),
        (&["explain", "loan.onnx", "red.png"], "has 2 axes"),
        (&["explain", "colours.onnx", "red.png", "--method", "grad-cams"], "a similar value exists: 'grad-cam'"),
        (&["explain", "colours.onnx", "red.png", "--at", "relu7"], "relu1"),
        (&["explain", "colours.onnx", "red.png", "--target", "4"], "0 to 3"),
        (&["explain", "colours.onnx", "red.png", "--target", "cat"], "no number"),
        (&["explain", "colours.onnx", "red.png", "--target", "cat", "--labels", "names.txt"], "no name of --labels"),
        (&["explain", "colours.onnx", "red.png", "--method", "integrated-gradients", "--n", "1"], "--n 1: it must be"),
        (&["explain", "colours.onnx", "red.png", "--limit", "10"], "raise it by --limit"),
        (&["explain", "colours.onnx", "red.png", "--pass-limit", "4000"], "raise it by --pass-limit"),
        (&["explain", "colours.onnx", "red.png", "--pass-limit", "0"], "at least 1"),
        (&["explain", "colours.onnx", "red.png", "--labels", "two.txt"], "2 names, and the network 4"),
        (&["explain", "colours.onnx", "red.png", "--labels", "empty.txt"], "no names"),
        (&["explain", "colours.onnx", "red.png", "--labels", "no.onnx"], "no text"),
        (&["explain", "colours.onnx", "red.png", "--out", "red.png"], "it is read"),
        (&["explain", "colours.onnx", "red.png", "--out", "./red.png"], "which is read"),
        (&["explain", "colours.onnx", "red.png", "--out", "a.png", "--out", "a.png"], "is written too"),
        (&["explain", "colours.onnx", "red.png", "--out", "why.gif"], ".png, .html"),
        (&["explain", "colours.onnx", "red.png", "--raw", "why.png"], "--raw why.png"),
        (&["explain", "colours.onnx", "red.png", "--out", "no/folder/why.png"], "no/folder"),
        (&["explain", "colours.onnx", "red.png", "--size", "64"], "leave --size out"),
        (&["explain", "colours.onnx", "red.png", "--size", "0x4"], "480x640"),
        (&["explain", "colours.onnx", "red.png", "--layout", "nhwc"], "32 channels"),
        (&["explain", "colours.onnx", "red.png", "--channels", "gray"], "has 3 channels"),
        (&["explain", "colours.onnx", "red.png", "--mean", "1,2"], "each of 3 channels"),
        (&["explain", "colours.onnx", "red.png", "--std", "0"], "divided"),
        (&["explain", "colours.onnx", "red.png", "--crop", "2"], "up to 1"),
        (&["explain", "colours.onnx", "red.png", "--preprocess", "caffe"], "imagenet, tf"),
        (&["explain", "colours.onnx", "red.png", "--output", "score"], "probabilities"),
        (&["explain", "colours.onnx", "red.png", "--output", "score"], "what any node computes is one too"),
        (&["explain", "colours.onnx", "red.png", "--input", "mask=1"], "mask"),
        (&["explain", "colours.onnx", "red.png", "--input", "image=1"], "none is left"),
        (&["explain", "colours.onnx", "red.png", "--input", "image"], "NAME"),
        (&["explain", "colours.onnx", "red.png", "--backend", "jax"], "candle, tch"),
        (&["explain", "colours.onnx", "red.png", "--threads", "0"], "from 1"),
        (&["explain", "colours.onnx", "red.png", "--device", "cuda:99", "--backend", "ndarray"], "cuda:99"),
        (&["explain", "colours.onnx", "red.png", "--top", "0"], "at least 1"),
        (&["explain", "colours.onnx", "red.png", "--method", "gradient", "--n", "5"], "takes --n: xai methods"),
        (&["explain", "colours.onnx", "red.png", "--method", "lime", "--features", "64x64"], "64"),
        (&["explain", "colours.onnx", "red.png", "--method", "crp"], "Concept Relevance Propagation needs --concepts"),
        (&["explain", "colours.onnx", "red.png", "--method", "crp", "--concepts", "3"], "channel"),
        (&["explain", "colours.onnx", "red.png", "--method", "lrp-epsilon-gamma-box", "--low", "0"], "needs --high"),
        (&["explain", "colours.onnx", "red.png", "--tokens", "1,2"], "as 1,14,14"),
        (&["explain", "colours.onnx", "red.png", "--tokens", "1,2,2"], "tokens are (batch, number, channels)"),
        (&["explain", "colours.onnx", "red.png", "--tokens", "1,2,2", "--channels-last"], "cannot be used with"),
        (&["explain", "colours.onnx", "red.png", "--method", "gradient", "--signed"], "takes --signed: xai methods"),
        (&["explain", "colours.onnx", "red.png", "--references", "black"], "zeros, lowest, highest"),
        (&["explain", "colours.onnx", "red.png", "--method", "beta-smooth", "--beta", "0"], "above 0"),
        (&["explain", "colours.onnx", "red.png", "--method", "attention-rollout"], "no place `weights`"),
        (&["explain", "colours.onnx", "red.png", "--method", "raw-attention", "--at", "flatten"], "tokens, tokens"),
        (
            &["explain", "attention.onnx", "names.txt", "--method", "raw-attention", "--token", "99"],
            "--token 99: there are",
        ),
        (&["explain", "colours.onnx", "red.png", "--row", "1"], "this is a photo"),
        (&["explain", "text.onnx", "names.txt", "--crop", "none"], "it is no photo"),
        (&["inspect", "colours.onnx", "--shape", "1x3x64x64"], "32"),
        (&["check", "colours.onnx", "red.png", "--directions", "1"], "--directions 1: "),
    ];
    for (args, part) in cases {
        folder.refused(args, part);
    }
}

/// Who types the name alone wants to know what there is.
#[test]
fn nothing_asked_for_is_answered_with_the_help() {
    let output = Folder::new().run(&[]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("Usage:") && stderr.lines().count() > 10, "{stderr}");
}

/// A name need not be text.
#[cfg(target_os = "linux")]
#[test]
fn files_are_named_as_well_as_can_be() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let odd = |name: &[u8]| std::ffi::OsStr::from_bytes(name).to_owned();
    std::fs::copy(folder.at("red.png"), folder.path().join(odd(b"r\xff.png"))).unwrap();
    std::fs::copy(folder.at("colours.onnx"), folder.path().join(odd(b"n\xff.onnx"))).unwrap();
    for command in ["explain", "check", "inspect"] {
        let mut call = std::process::Command::new(env!("CARGO_BIN_EXE_xai"));
        call.current_dir(folder.path()).arg(command).arg(odd(b"n\xff.onnx"));
        if command != "inspect" {
            call.arg(odd(b"r\xff.png")).args(["--preprocess", "unit"]);
        }
        let output = call.arg("--json").output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["network"], "n\u{fffd}.onnx");
    }
}

#[cfg(unix)]
#[test]
fn only_files_are_read() {
    let folder = Folder::new();
    for name in ["zero.png", "zero.npy"] {
        std::os::unix::fs::symlink("/dev/zero", folder.at(name)).unwrap();
        folder.refused(&["explain", "colours.onnx", name], "a device or a pipe");
    }
    folder.refused(&["explain", "colours.onnx", "red.png", "--labels", "/dev/zero"], "a device or a pipe");
    std::os::unix::fs::symlink("/dev/zero", folder.at("zero.onnx")).unwrap();
    folder.refused(&["inspect", "zero.onnx"], "a device or a pipe");
}

/// What was assumed is of interest with results alone.
#[test]
fn notes_come_with_results_and_not_before_mistakes() {
    let folder = Folder::new();
    let args = ["explain", "colours.onnx", "red.png"];
    let stderr = String::from_utf8(folder.run(&args).stderr).unwrap();
    assert!(stderr.contains("note: ") && stderr.contains("--preprocess imagenet is taken"), "{stderr}");
    folder.refused(&[&args[..], &["--target", "9"]].concat(), "0 to 3");
    folder.refused(&["evaluate", "colours.onnx", "red.png", "--target", "9"], "0 to 3");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_mistake() {
    let folder = Folder::new();
    for command in
        ["methods", "--help", "man", "completions bash", "inspect colours.onnx --json", "explain colours.onnx red.png"]
    {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut call = std::process::Command::new(env!("CARGO_BIN_EXE_xai"));
        let output = call.args(command.split(' ')).current_dir(folder.path()).stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}: {stderr}");
        assert!(stderr.contains("cannot write to standard output: ") && stderr.lines().count() == 1, "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = Folder::new();
    let xai = env!("CARGO_BIN_EXE_xai");
    for command in ["methods", "--help", "man", "inspect colours.onnx", "explain colours.onnx red.png"] {
        // The reader is gone before anything is written; stderr goes the same way.
        let line =
            format!("set -o pipefail; ({{ sleep 0.1; '{xai}' {command}; echo $? > code; }} 2>&1) | true; cat code");
        let output =
            std::process::Command::new("bash").args(["-c", &line]).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.trim(), "0", "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
