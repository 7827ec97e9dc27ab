//! Examples as commands: what they print, and what they do about mistakes.

use std::path::Path;
use std::process::{Command, Output};

/// Runs an example in a folder. `cargo test` builds it beside the tests; with `--test` alone, build it first.
pub(crate) fn run(example: &str, folder: &Path, args: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("examples").join(example);
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} is missing: cargo build --example {example}", program.display());
    Command::new(program).args(args).current_dir(folder).output().unwrap()
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
