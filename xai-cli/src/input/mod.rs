//! What the network looks at: from a file to its input.

mod first;
mod fits;
mod frame;
mod given;
mod numbers;
mod photo;
mod said;
mod sorts;
mod table;
mod tokens;
mod wave;

use std::path::Path;

use xai_cli::command_line::{Outcome, failure};

pub(crate) use self::first::First;
pub(crate) use self::fits::check_assumed;
use self::fits::check_one;
pub(crate) use self::given::{Given, Shown};
use self::photo::Trained;
pub(crate) use self::photo::photo_shape;
pub(crate) use self::said::Said;
pub(crate) use self::sorts::{given, sort};
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
    let is_bytes = wanted.whole && !is_photo && !matches!(ending.as_str(), "npy" | "csv" | "tsv" | "wav");
    let (what, taken): (_, &[&str]) = match ending.as_str() {
        "csv" | "tsv" => ("a table", &["--row", "--columns"]),
        "wav" => ("a sound", &[]),
        "npy" => ("an array of numbers", &[]),
        _ if is_photo => ("a photo", &[]),
        _ if is_bytes => ("bytes or tokens", &["--pad"]),
        _ => ("no input", &["--row", "--columns", "--pad"]),
    };
    check_one(wanted)?;
    if let Some(option) = data.idle(taken) {
        return refused(&format!("this is {what}, which {option} is not for: leave it out"));
    }
    // Where the channels of an image stand is said of arrays too.
    let layout = photo.layout.filter(|_| ending == "npy");
    if !is_photo && *photo != (PhotoArgs { layout, ..PhotoArgs::default() }) {
        return refused("it is no photo: leave out what is said about pixels (--preprocess, --size and the like)");
    }
    match ending.as_str() {
        "png" | "jpg" | "jpeg" => photo::read(path, wanted, photo),
        "npy" => numbers::read(path, wanted, layout),
        "csv" => table::read(path, wanted, data, None),
        "tsv" => table::read(path, wanted, data, Some(b'\t')),
        "wav" => wave::read(path, wanted),
        _ if is_bytes => tokens::read(path, wanted, data),
        _ => refused("an input is a photo (.png, .jpg), a table (.csv, .tsv), a sound (.wav) or numbers (.npy)"),
    }
}
