//! Photos: from a file, or bundled.

use image::RgbImage;

use crate::command_line::{Outcome, failure};

/// The bundled photos by name, each a PNG.
pub static BUNDLED: [(&str, &[u8]); 4] = [
    ("camera", include_bytes!("../../assets/photos/camera.png")),
    ("catcup", include_bytes!("../../assets/photos/catcup.png")),
    ("chelsea", include_bytes!("../../assets/photos/chelsea.png")),
    ("coffee", include_bytes!("../../assets/photos/coffee.png")),
];

/// A bundled photo by its name.
///
/// # Errors
/// A name that is none of theirs.
pub fn bundled(name: &str) -> Outcome<RgbImage> {
    let Some((_, png)) = BUNDLED.iter().find(|(known, _)| *known == name) else {
        let names = BUNDLED.map(|(name, _)| name).join(", ");
        return Err(failure(format!("there is no photo {name}: the bundled ones are {names}")));
    };
    Ok(image::load_from_memory(png)?.into_rgb8())
}

/// The photo of a file, or a bundled one where none is given, as it is made usable by `prepare`, which says what is
/// wrong with it else.
///
/// # Errors
/// A file that cannot be read or used, by its name.
#[cfg(feature = "pictures")]
pub fn open(
    path: Option<&std::path::Path>,
    prepare: impl FnOnce(RgbImage) -> Result<RgbImage, String>,
) -> Outcome<RgbImage> {
    let Some(path) = path else {
        return Ok(prepare(bundled("catcup")?)?);
    };
    prepare(xai::picture::read_photo(path)?)
        .map_err(|why| failure(format!("cannot read the photo {}: {why}", path.display())))
}
