//! Calling the command in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::{Rgb, RgbImage};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with the networks, and a photo of which one quarter stands out.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(files()).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|ending| ending == "onnx") {
                std::fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
            }
        }
        let folder = Folder(folder);
        quarter([200, 30, 30]).save(folder.at("red.png")).unwrap();
        std::fs::write(folder.at("names.txt"), "red\ngreen, meadow\nblue\nnone\n").unwrap();
        folder
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xai")).args(args).current_dir(self.path()).output().unwrap()
    }

    /// What it prints, of a call that ends well.
    pub(crate) fn said(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The object that it prints, of a call that ends well.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.said(args)).unwrap()
    }

    /// What it says on stdout and stderr, of a call that ends well and has found something to look at.
    pub(crate) fn noticed(&self, args: &[&str]) -> (String, String) {
        let output = self.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {stderr}");
        (String::from_utf8(output.stdout).unwrap(), stderr)
    }

    /// One line on stderr that holds `part`, in words of the command, exit code 2, nothing on stdout and no new file.
    pub(crate) fn refused(&self, args: &[&str], part: &str) {
        let before = self.names();
        let output = self.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
        assert!(stderr.starts_with("xai: ") && stderr.contains(part), "{args:?}: {stderr}");
        assert!(!["::", "`.", "(..)"].iter().any(|code| stderr.contains(code)), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert_eq!(self.names(), before, "{args:?}");
    }
}

/// The networks of these tests.
pub(crate) fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")
}

/// A grey photo of 32 x 32, whose upper right quarter has this colour.
pub(crate) fn quarter(color: [u8; 3]) -> RgbImage {
    RgbImage::from_fn(32, 32, |x, y| if x >= 16 && y < 16 { Rgb(color) } else { Rgb([90; 3]) })
}
