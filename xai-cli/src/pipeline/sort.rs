//! Which files of a folder are explained.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command_line::{Outcome, failure};

/// Which files of a folder are explained, by how their names end.
///
/// ```
/// use xai_cli::pipeline::Sort;
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// // `folder`: one with arrays.
/// for name in ["b.npy", "a.NPY", "c.npz"] {
///     std::fs::write(folder.join(name), "")?;
/// }
/// let arrays = Sort { noun: "array", endings: &["npy"], others: &["npz"], instead: "save each array by itself" };
/// assert_eq!(arrays.files(folder)?, [folder.join("a.NPY"), folder.join("b.npy")]);
/// assert!(Sort::PHOTOS.files(folder)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// What one of them is called.
    pub noun: &'static str,
    /// The endings of their names, in lower case; where there are none, all files but hidden ones.
    pub endings: &'static [&'static str],
    /// The endings of files like them that are not read.
    pub others: &'static [&'static str],
    /// What is said of such a file.
    pub instead: &'static str,
}

impl Sort {
    /// Photos: *.png, *.jpg and *.jpeg.
    ///
    /// ```
    /// use xai_cli::pipeline::Sort;
    ///
    /// assert_eq!((Sort::PHOTOS.noun, Sort::PHOTOS.names().as_str()), ("photo", "*.png, *.jpg or *.jpeg"));
    /// ```
    pub const PHOTOS: Sort = Sort {
        noun: "photo",
        endings: &["png", "jpg", "jpeg"],
        others: &["webp", "bmp", "gif", "tif", "tiff", "avif", "heic", "heif", "jxl"],
        instead: "a photo must be a PNG or a JPEG",
    };

    /// The files of this sort in a folder, sorted by name.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn files(&self, folder: &Path) -> Outcome<Vec<PathBuf>> {
        files(folder, |path| self.has(path))
    }

    /// Whether a file is of this sort, by how its name ends.
    ///
    /// ```
    /// use xai_cli::pipeline::Sort;
    ///
    /// assert!(Sort::PHOTOS.has("a.JPG".as_ref()) && !Sort::PHOTOS.has("a.npy".as_ref()));
    /// ```
    pub fn has(&self, path: &Path) -> bool {
        let is_hidden = || path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        match self.endings {
            [] => !is_hidden(),
            endings => has_ending(path, endings),
        }
    }

    /// The files in a folder that are like those of this sort, and in a format that is not read, sorted by name.
    ///
    /// # Errors
    /// A folder that cannot be read.
    ///
    /// ```
    /// use xai_cli::pipeline::Sort;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let photos = folder.path();
    /// // `photos`: a folder.
    /// std::fs::write(photos.join("a.png"), "")?;
    /// std::fs::write(photos.join("b.HEIC"), "")?;
    /// assert_eq!(Sort::PHOTOS.unread(photos)?, [photos.join("b.HEIC")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unread(&self, folder: &Path) -> Outcome<Vec<PathBuf>> {
        files(folder, |path| has_ending(path, self.others))
    }

    /// What their names are like, in words.
    ///
    /// ```
    /// use xai_cli::pipeline::Sort;
    ///
    /// assert_eq!(Sort::PHOTOS.names(), "*.png, *.jpg or *.jpeg");
    /// ```
    pub fn names(&self) -> String {
        let all: Vec<String> = self.endings.iter().map(|ending| format!("*.{ending}")).collect();
        match all.split_last() {
            None => "*".to_owned(),
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
        }
    }
}

fn files(folder: &Path, is_one: impl Fn(&Path) -> bool) -> Outcome<Vec<PathBuf>> {
    let failed = |why: std::io::Error| failure(format!("cannot read the folder {}: {why}", folder.display()));
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_one(&path) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
