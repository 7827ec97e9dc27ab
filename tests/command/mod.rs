//! Examples as commands: what they print, and what they do about mistakes.

use std::path::Path;
use std::process::{Command, Output};

/// Runs an example, built with the features of this test, in a folder.
pub(crate) fn run(example: &str, folder: &Path, args: &[&str]) -> Output {
    let features: Vec<&str> = [("candle", cfg!(feature = "candle")), ("tch", cfg!(feature = "tch"))]
        .into_iter()
        .filter_map(|(name, on)| on.then_some(name))
        .chain(["derive", "pictures", "files"])
        .collect();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--manifest-path", manifest, "--no-default-features", "--features"]);
    cargo.arg(features.join(",")).args(["--example", example, "--"]).args(args);
    cargo.current_dir(folder).output().unwrap()
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// One line on stderr that holds `part`, exit code 2, nothing on stdout and no new file.
pub(crate) fn refused(example: &str, folder: &Path, args: &[&str], part: &str) {
    let before = names(folder);
    let output = run(example, folder, args);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{args:?}: {stderr}");
    assert!(stderr.contains(part), "{args:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{args:?}");
    assert_eq!(names(folder), before, "{args:?}");
}
