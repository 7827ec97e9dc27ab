//! Which files of a folder the network looks at.

use std::path::Path;

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
pub(super) fn sort(wanted: &Wanted, folder: &Path) -> Outcome<Sort> {
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
