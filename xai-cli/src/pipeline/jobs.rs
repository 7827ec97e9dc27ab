//! Which files there are, and what their pictures are called.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::sort::Sort;
use crate::command_line::{Outcome, failure};

/// A photo, or another file that is explained, and the picture that is made of it.
///
/// ```
/// use std::path::Path;
///
/// use xai_cli::pipeline::Job;
///
/// let job = Job { photo: "photos/cat.jpg".into(), picture: "explained/cat.png".into() };
/// assert_eq!(job.numbers(), Path::new("explained/cat.safetensors"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The photo's file, or another one that is explained.
    pub photo: PathBuf,
    /// The picture's.
    pub picture: PathBuf,
}

impl Job {
    /// Where the numbers go, if they are kept: beside the picture.
    pub fn numbers(&self) -> PathBuf {
        self.picture.with_extension("safetensors")
    }
}

/// The files of a folder that are of a sort, sorted by name, with their pictures in another.
///
/// A picture has the file's stem, `cat.jpg` becomes `cat.png`. Where several files have one stem their extensions are
/// kept, `cat.jpg.png` and `cat.png.png`, and a number is added in the rare case that this is a name of its own.
///
/// # Errors
/// A folder that cannot be read or has no such file, and pictures that would replace the files.
///
/// ```
/// use xai_cli::pipeline::{Sort, list};
///
/// # let folder = tempfile::tempdir()?;
/// # let photos = folder.path();
/// // `photos`: a folder.
/// for name in ["cat.jpg", "cat.png", "dog.png"] {
///     std::fs::write(photos.join(name), "")?;
/// }
/// let jobs = list(photos, "explained".as_ref(), &Sort::PHOTOS)?;
/// let pictures: Vec<_> = jobs.iter().filter_map(|job| job.picture.to_str()).collect();
/// assert_eq!(pictures, ["explained/cat.jpg.png", "explained/cat.png.png", "explained/dog.png"]);
/// // There the pictures would replace the photos.
/// assert!(list(photos, photos, &Sort::PHOTOS).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn list(folder: &Path, out: &Path, sort: &Sort) -> Outcome<Vec<Job>> {
    let files = sort.files(folder)?;
    let names: Vec<PathBuf> = files.iter().filter_map(|path| path.file_name()).map(PathBuf::from).collect();
    let noun = sort.noun;
    if names.is_empty() {
        return Err(failure(format!("{} has no {noun}: no file {}", folder.display(), sort.names())));
    }
    if out.canonicalize().is_ok_and(|out| folder.canonicalize().is_ok_and(|folder| folder == out)) {
        let folder = out.display();
        return Err(failure(format!("pictures in {folder} would replace the {noun}s: give another folder as --out")));
    }
    let pictures = picture_names(&names);
    let job = |(name, picture)| Job { photo: folder.join(name), picture: out.join(picture) };
    Ok(names.iter().zip(pictures).map(job).collect())
}

/// A name for each picture, all different, also where upper and lower case are the same.
fn picture_names(photos: &[PathBuf]) -> Vec<OsString> {
    let plain = |photo: &PathBuf| photo.file_stem().unwrap_or_default().to_owned();
    let mut shared: HashMap<OsString, usize> = HashMap::new();
    for photo in photos {
        *shared.entry(folded(&plain(photo))).or_default() += 1;
    }
    let is_shared = |photo: &PathBuf| shared.get(&folded(&plain(photo))).is_some_and(|&count| count > 1);
    // Who is alone with a stem has it, whatever the others would like to be called.
    let mut taken: HashSet<OsString> =
        photos.iter().filter(|photo| !is_shared(photo)).map(|p| folded(&plain(p))).collect();
    let mut name = |photo: &PathBuf| {
        let mut stem = plain(photo);
        if is_shared(photo) {
            let whole = photo.clone().into_os_string();
            let numbered = |number: usize| {
                let mut name = whole.clone();
                name.push(format!("-{number}"));
                name
            };
            let mut names = std::iter::once(whole.clone()).chain((2..).map(numbered));
            stem = names.find(|name| taken.insert(folded(name))).unwrap_or_default();
        }
        stem.push(".png");
        stem
    };
    photos.iter().map(&mut name).collect()
}

fn folded(name: &std::ffi::OsStr) -> OsString {
    // Of a name that is no Unicode, only the ASCII letters.
    name.to_str().map_or_else(|| name.to_ascii_lowercase(), |name| name.to_lowercase().into())
}
