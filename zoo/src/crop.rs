//! From a photo of any size to the network's input.

use image::RgbImage;
use ndarray::{ArrayViewMut3, Axis};
use xai::picture::Preprocess;

use crate::efficientnet::SIDE;

/// As EfficientNet-Lite0 was trained: the middle 7/8, at 224 × 224, (byte - 127) / 128.
pub fn trained() -> Preprocess {
    // 224 fits into any number.
    #[allow(clippy::cast_possible_truncation)]
    let side = SIDE as u32;
    Preprocess::raw(side, side).crop(7.0 / 8.0).mean([127.0]).std([128.0])
}

/// The photo at 224 × 224: as it is, or the middle 7/8 of its shorter side as a square, resized by cubic
/// interpolation with antialiasing.
///
/// # Errors
/// What is wrong with a photo that is too small.
pub fn cropped(photo: &RgbImage) -> Result<RgbImage, String> {
    trained().photo(photo).map_err(|error| error.to_string())
}

/// Writes the network's input (3, 224, 224) for such a photo: (byte - 127) / 128.
///
/// # Errors
/// As [`cropped`].
pub fn normalize(photo: &RgbImage, mut input: ArrayViewMut3<'_, f32>) -> xai::Result<()> {
    input.assign(&trained().input::<f32>(photo)?.index_axis(Axis(0), 0));
    Ok(())
}
