//! What the tree promises to its readers: imports go one way, and lines of code and of text end.
#![allow(clippy::unwrap_used, missing_docs)]

mod circles;
mod modules;
mod paths;

use std::path::{Path, PathBuf};

/// Where a reader begins in `xai-core`, and what each folder may know: itself, and those before it.
const CORE: [&str; 12] =
    ["tensor", "op", "graph", "rules", "layers", "model", "explain", "passes", "masks", "methods", "metrics", "check"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The files that crates, tests, benches and examples of several files begin with. They are looked for, since a list
/// would not have the next one: they name modules, and are none themselves, for a module with others in it is a
/// `mod.rs` here. (A file `a.rs` with others in `a/` would be taken for one, and what it names not be found.)
fn roots() -> Vec<PathBuf> {
    let is_module = |line: &str| line.starts_with("mod ") || (line.starts_with("pub") && line.contains(" mod "));
    let names_modules = |text: String| text.lines().any(|line| is_module(line) && line.ends_with(';'));
    let mut roots = files(&root(), "rs");
    roots.retain(|file| !file.ends_with("mod.rs") && names_modules(std::fs::read_to_string(file).unwrap()));
    roots.sort();
    assert!(roots.len() > 30, "{} were found", roots.len());
    roots
}

/// Files that import each other in a circle cannot be read, or changed, one at a time.
#[test]
fn no_files_import_each_other_in_a_circle() {
    let (mut found, mut read) = (Vec::new(), 0);
    for krate in roots() {
        let edges = modules::Crate::read(&krate).edges();
        assert!(!krate.ends_with("lib.rs") || !edges.is_empty(), "no import of {} was read", krate.display());
        read += edges.len();
        found.extend(circles::of(&edges).into_iter().map(|circle| circle.join(" -> ")));
    }
    assert!(read > 2500, "{read} imports were read");
    assert!(found.is_empty(), "{} circles:\n{}", found.len(), found.join("\n"));
}

#[test]
fn imports_of_the_core_go_one_way() {
    let edges = modules::Crate::read(&root().join("xai-core/src/lib.rs")).edges();
    let folder = |file: &str| {
        let rest = file.split("xai-core/src/").nth(1).unwrap_or_default();
        CORE.iter().position(|folder| rest.starts_with(&format!("{folder}/")))
    };
    let mut against: Vec<String> = Vec::new();
    for (from, to) in edges {
        if let (Some(a), Some(b)) = (folder(&from), folder(&to))
            && b > a
        {
            against.push(format!("{from} imports {to}"));
        }
    }
    assert!(against.is_empty(), "{}", against.join("\n"));
}

#[test]
fn a_circle_would_be_found() {
    let edge = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let circles = circles::of(&[edge("a", "b"), edge("b", "c"), edge("c", "a"), edge("c", "d")].into());
    assert_eq!(circles.len(), 1);
    assert_eq!(circles[0].len(), 3);
    assert!(circles::of(&[edge("a", "b"), edge("a", "c"), edge("b", "c")].into()).is_empty());
}

#[test]
fn lines_end_at_120_columns() {
    let long = long_lines("rs", |_| false);
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn lines_of_scripts_and_manifests_end_at_120_columns() {
    for ending in ["sh", "py", "toml", "yml", "yaml"] {
        let long = long_lines(ending, |_| false);
        assert!(long.is_empty(), "{}", long.join("\n"));
    }
}

/// Rows of tables cannot be broken, nor can a link without spaces.
#[test]
fn lines_of_text_end_at_120_columns() {
    let is_row = |line: &str| line.trim_start().starts_with('|');
    let is_one_word = |line: &str| line.split_whitespace().any(|word| word.chars().count() > 110);
    let long = long_lines("md", |line| is_row(line) || is_one_word(line));
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Where lines have more than 120 columns, but for those that may.
fn long_lines(ending: &str, may: impl Fn(&str) -> bool) -> Vec<String> {
    let mut long = Vec::new();
    for file in files(&root(), ending) {
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.chars().count() > 120 && !may(line)) {
            long.push(format!("{}:{} has {} columns", file.display(), number + 1, line.chars().count()));
        }
    }
    long
}

/// A file that stands in two crates by its path is compiled, and read, twice, and belongs to neither.
#[test]
fn no_file_is_included_by_its_path() {
    let mark = concat!("#[", "path");
    let files = files(&root(), "rs");
    assert!(files.len() > 500, "{} files were read", files.len());
    let marked = |text: String| text.lines().any(|line| line.trim_start().starts_with(mark));
    let found: Vec<_> = files.iter().filter(|file| marked(std::fs::read_to_string(file).unwrap())).collect();
    assert!(found.is_empty(), "{found:?}");
}

/// The files whose names end so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && (!name.starts_with('.') || name == ".cargo") {
                found.extend(files(&path, ending));
            }
        } else if path.extension().is_some_and(|of_file| of_file == ending) {
            found.push(path);
        }
    }
    found
}
