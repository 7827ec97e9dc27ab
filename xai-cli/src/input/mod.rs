//! What the network looks at: from a file to its input.

mod frame;
mod given;
mod numbers;
mod photo;
mod table;
mod tokens;
mod wave;

use std::path::Path;

use xai_cli::command_line::{Outcome, failure};

pub(crate) use self::given::{Given, Shown};
pub(crate) use self::photo::{Trained, photo_shape};
use crate::args::{DataArgs, PhotoArgs};
use crate::model::Wanted;

/// Reads a file as the network's input, by its ending.
///
/// # Errors
/// A file that cannot be read, or that this input is not made of.
pub(crate) fn read(path: &Path, wanted: &Wanted, photo: &PhotoArgs, data: &DataArgs) -> Outcome<Given> {
    let refused = |what: &str| Err(failure(format!("{}: {what}", path.display())));
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let is_photo = matches!(ending.as_str(), "png" | "jpg" | "jpeg");
    if is_photo && *data != DataArgs::default() {
        return refused("--row, --columns and --pad are for tables, bytes and tokens, and this is a photo");
    }
    if !is_photo && *photo != PhotoArgs::default() {
        return refused("it is no photo: leave out what is said about pixels (--preprocess, --size and the like)");
    }
    match ending.as_str() {
        "png" | "jpg" | "jpeg" => photo::read(path, wanted, photo),
        "npy" => numbers::read(path, wanted),
        "csv" => table::read(path, wanted, data, b','),
        "tsv" => table::read(path, wanted, data, b'\t'),
        "wav" => wave::read(path, wanted),
        _ if wanted.whole => tokens::read(path, wanted, data),
        _ => refused("an input is a photo (.png, .jpg), a table (.csv, .tsv), a sound (.wav) or numbers (.npy)"),
    }
}
