//! What the network looks at: from a file to its input.

mod frame;
mod numbers;
mod photo;

use std::path::Path;

use ndarray::ArrayD;
use xai::picture::image::RgbImage;
use xai_cli::command_line::{Outcome, failure};

pub(crate) use self::photo::photo_shape;
use crate::args::PhotoArgs;
use crate::model::Wanted;

/// The network's input, batch axis first, with what people see of it.
pub(crate) struct Given {
    pub(crate) numbers: ArrayD<f32>,
    pub(crate) shown: Shown,
    /// The network takes channels as its last axis; here they are in front of rows and columns.
    pub(crate) channels_last: bool,
    /// How it was made of the file, in words.
    pub(crate) how: String,
    /// What the file does not say and was assumed.
    pub(crate) notes: Vec<String>,
}

/// What people see of an input.
pub(crate) enum Shown {
    /// The photo, at the network's size.
    Photo(RgbImage),
    /// Nothing but numbers.
    Numbers,
}

/// Reads a file as the network's input, by its ending.
///
/// # Errors
/// A file that cannot be read, or that this input is not made of.
pub(crate) fn read(path: &Path, wanted: &Wanted, args: &PhotoArgs) -> Outcome<Given> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "png" | "jpg" | "jpeg" => photo::read(path, wanted, args),
        "npy" => numbers::read(path, wanted),
        _ => Err(failure(format!("{}: an input is a photo (.png, .jpg) or numbers (.npy)", path.display()))),
    }
}
