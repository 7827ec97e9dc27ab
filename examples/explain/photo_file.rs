//! A photo from a file, or the bundled one.

use std::fmt::Display;
use std::path::Path;

use image::{ImageReader, RgbImage};

use crate::command_line::{Outcome, failure};

const BUNDLED: &[u8] = include_bytes!("../../assets/photos/catcup.png");

/// The photo as it is made usable by `prepare`, which says what is wrong with it else.
pub(crate) fn open(
    path: Option<&Path>,
    prepare: impl FnOnce(RgbImage) -> Result<RgbImage, String>,
) -> Outcome<RgbImage> {
    let Some(path) = path else {
        return Ok(prepare(image::load_from_memory(BUNDLED)?.into_rgb8())?);
    };
    let failed = |why: &dyn Display| failure(format!("cannot read the photo {}: {why}", path.display()));
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(|e| failed(&e))?;
    let photo = reader.decode().map_err(|e| failed(&e))?.into_rgb8();
    prepare(photo).map_err(|e| failed(&e))
}
