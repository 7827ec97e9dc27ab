//! A copy of candle with edits: which versions, which places, and what is left alone. Nothing is built.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The sources of this workspace's own candle.
fn sources(package: &str) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let asked = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1", "--manifest-path"])
        .arg(manifest)
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&asked.stdout).unwrap();
    let packages = found["packages"].as_array().unwrap();
    let found = packages.iter().find(|found| found["name"] == package).unwrap();
    Path::new(found["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// The files below a folder, by their places in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { open.push(path) } else { all.push(path.strip_prefix(folder).unwrap().to_owned()) }
        }
    }
    all.sort();
    all
}

/// A project, and a cargo that says where its candle is.
struct Project(TempDir);

impl Project {
    /// With candle's own sources, called by this version.
    fn new(version: &str) -> Self {
        let project = Project(tempfile::tempdir().unwrap());
        let mut said = String::new();
        for package in ["candle-core", "candle-nn"] {
            let folder = project.at(&format!("registry/{package}-{version}"));
            copy(&sources(package), &folder);
            said += &format!("{{\"manifest_path\":\"{}\"}}", folder.join("Cargo.toml").display());
        }
        fs::create_dir(project.at("bin")).unwrap();
        let cargo = project.at("bin/cargo");
        fs::write(&cargo, format!("#!/bin/sh\nprintf '%s\\n' '{said}'\n")).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(project.at("Cargo.toml"), "").unwrap();
        project
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn patch(&self, args: &[&str]) -> Output {
        let path = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_xai"));
        command.arg("patch-candle").args(args).current_dir(self.0.path()).env("PATH", path).output().unwrap()
    }

    /// One line that holds this, exit code 2, nothing on stdout, and no copy.
    fn refused(&self, args: &[&str], part: &str) {
        let output = self.patch(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.starts_with("xai: ") && stderr.lines().count() == 1 && stderr.contains(part), "{stderr}");
        assert!(output.stdout.is_empty() && !self.at("candle-patched").exists(), "{stderr}");
    }

    fn change(&self, file: &str, change: impl FnOnce(String) -> String) {
        let file = self.at("registry").join(file);
        let text = change(fs::read_to_string(&file).unwrap());
        fs::write(file, text).unwrap();
    }
}

#[test]
fn other_versions_are_refused() {
    Project::new("9.9.9").refused(&[], "candle-core 9.9.9 is not known; known: 0.11.1");
}

#[test]
fn a_place_that_is_missing_or_there_twice_is_refused() {
    let place = "Op::ConvTranspose1D { .. } => Err(Error::BackwardNotSupported {";
    let project = Project::new("0.11.1");
    project.change("candle-core-0.11.1/src/backprop.rs", |text| {
        assert_eq!(text.matches(place).count(), 1);
        text.replace(place, "// gone")
    });
    project.refused(&[], "candle-core/src/backprop.rs: the place of an edit was not found: Op::ConvTranspose1D");
    let project = Project::new("0.11.1");
    let twice = "    xs.apply_op1_no_bwd(&SoftmaxLastDim)";
    project.change("candle-nn-0.11.1/src/ops.rs", |text| text.replace(twice, &format!("{twice}\n{twice}")));
    project.refused(&[], "candle-nn/src/ops.rs: the place of an edit is there twice: xs.apply_op1");
}

#[test]
fn what_is_in_the_way_is_refused() {
    let project = Project::new("0.11.1");
    project.refused(&["--manifest", "nowhere/Cargo.toml"], "no nowhere/Cargo.toml here");
    fs::create_dir(project.at("there")).unwrap();
    project.refused(&["--to", "there"], "there is there already");
    project.refused(&["--into", "there"], "--into");
}

#[test]
fn the_named_files_are_edited_and_no_others() {
    let project = Project::new("0.11.1");
    let output = project.patch(&["--to", "copies"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && stderr.contains("25 edits"), "{stderr}");
    let copies = project.at("copies").canonicalize().unwrap();
    let lines =
        ["candle-core", "candle-nn"].map(|name| format!("{name} = {{ path = \"{}/{name}\" }}", copies.display()));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("\n[patch.crates-io]\n{}\n", lines.join("\n")));
    let mut edited = Vec::new();
    for package in ["candle-core", "candle-nn"] {
        let (from, to) = (sources(package), copies.join(package));
        assert_eq!(files(&from), files(&to), "{package}");
        for file in files(&from) {
            let [before, after] = [&from, &to].map(|folder| fs::read(folder.join(&file)).unwrap());
            if before != after {
                assert!(String::from_utf8(after).unwrap().contains("// patch-candle: "), "{}", file.display());
                edited.push(format!("{package}/{}", file.display()));
            }
        }
    }
    let expected = [
        "candle-core/src/backprop.rs",
        "candle-core/src/cpu_backend/mod.rs",
        "candle-nn/src/attention/cpu_flash/mod.rs",
        "candle-nn/src/kv_cache.rs",
        "candle-nn/src/ops.rs",
        "candle-nn/src/rotary_emb.rs",
    ];
    assert_eq!(edited, expected);
    assert!(copies.join("candle-core/LICENSE").exists());
}

#[test]
fn the_help_says_what_is_edited() {
    let project = Project::new("0.11.1");
    let help = String::from_utf8(project.patch(&["--help"]).stdout).unwrap();
    for part in ["softmax_last_dim", "conv_transpose1d", "exactly once", "--manifest"] {
        assert!(help.contains(part), "{part}: {help}");
    }
}
