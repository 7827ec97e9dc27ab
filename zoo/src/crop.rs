//! From a photo of any size to the network's input.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use ndarray::ArrayViewMut3;

/// The photo at 224 × 224: as it is, or the middle 7/8 of its shorter side as a square, resized by cubic
/// interpolation with antialiasing.
///
/// # Errors
/// What is wrong with a photo that is too small.
pub fn cropped(photo: RgbImage) -> Result<RgbImage, String> {
    const SIDE: u32 = crate::efficientnet::SIDE as u32;
    let (width, height) = photo.dimensions();
    if (width, height) == (SIDE, SIDE) {
        return Ok(photo);
    }
    let shorter = width.min(height);
    // 7/8 of the side, rounded down, without overflow.
    let side = shorter - shorter.div_ceil(8);
    if side == 0 {
        return Err(format!("{width}x{height} is too small to crop: the shorter side must have 2 pixels"));
    }
    let (left, top) = ((width - side).div_ceil(2), (height - side).div_ceil(2));
    let square = imageops::crop_imm(&photo, left, top, side, side).to_image();
    Ok(imageops::resize(&square, SIDE, SIDE, FilterType::CatmullRom))
}

/// Writes the network's input (3, 224, 224) for such a photo: (byte - 127) / 128.
pub fn normalize(photo: &RgbImage, mut input: ArrayViewMut3<'_, f32>) {
    for ((channel, row, column), number) in input.indexed_iter_mut() {
        #[allow(clippy::cast_possible_truncation)] // below 224
        let Rgb(pixel) = *photo.get_pixel(column as u32, row as u32);
        *number = (f32::from(pixel[channel]) - 127.0) / 128.0;
    }
}
