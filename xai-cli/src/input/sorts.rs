//! Which files the network looks at.

use std::path::{Path, PathBuf};

use xai_cli::command_line::{Outcome, failure};
use xai_cli::pipeline::Sort;

use crate::model::Wanted;

const ARRAYS: Sort =
    Sort { noun: "file", endings: &["npy"], others: &["npz"], instead: "numbers are a .npy, one array in each" };

const SIGNALS: Sort = Sort {
    noun: "file",
    endings: &["npy", "wav"],
    others: &["npz", "flac", "mp3", "ogg", "m4a"],
    instead: "numbers are a .npy, one array in each, and a sound is a .wav",
};

const TABLES: Sort = Sort { noun: "file", endings: &["csv", "tsv"], others: &[], instead: "" };

const ALL: Sort = Sort { noun: "file", endings: &[], others: &[], instead: "" };

/// The first sort of files that the network's input is made of, and that the folder has.
pub(crate) fn sort(wanted: &Wanted, folder: &Path) -> Outcome<Sort> {
    let axes = wanted.shape.as_ref().map(Vec::len);
    let sorts: &[Sort] = match axes {
        Some(2) if wanted.whole => &[ALL],
        Some(2) => &[SIGNALS, TABLES],
        Some(3) => &[SIGNALS],
        Some(4) => &[Sort::PHOTOS, ARRAYS],
        Some(_) => &[ARRAYS],
        None => &[Sort::PHOTOS, SIGNALS, TABLES],
    };
    let mut found = None;
    for sort in sorts {
        if found.is_none() && !sort.files(folder)?.is_empty() {
            found = Some(*sort);
        }
    }
    let shown = folder.display();
    let Some(found) = found else {
        let names: Vec<String> = sorts.iter().map(Sort::names).collect();
        return Err(failure(format!("{shown} has no file that {wanted} is made of: {}", names.join(", or "))));
    };
    if found == Sort::PHOTOS && !ARRAYS.files(folder)?.is_empty() {
        return Err(failure(format!(
            "{shown} has photos and arrays (*.npy), which are not read in one way: give each a folder of their own"
        )));
    }
    Ok(found)
}

/// Files that were named, and those of folders, sorted by name; all of one sort.
pub(crate) fn given(wanted: &Wanted, paths: &[PathBuf]) -> Outcome<(Vec<PathBuf>, Sort)> {
    let (mut files, mut found) = (Vec::new(), None);
    for path in paths {
        let (more, of) = if path.is_dir() {
            let sort = sort(wanted, path)?;
            (sort.files(path)?, sort)
        } else {
            (vec![path.clone()], if Sort::PHOTOS.has(path) { Sort::PHOTOS } else { ALL })
        };
        let first = *found.get_or_insert(of);
        if (first == Sort::PHOTOS) != (of == Sort::PHOTOS) {
            let path = path.display();
            return Err(failure(format!("{path}: photos and other files are not read in one way: give one of them")));
        }
        files.extend(more);
    }
    Ok((files, found.unwrap_or(ALL)))
}
