//! What is explained: the bundled photos, and squares cut out of them.

use image::RgbImage;
use image::imageops::{self, FilterType};
use ndarray::{Array4, Axis};
use xai_zoo::command_line::Outcome;
use xai_zoo::crop::normalize;
use xai_zoo::efficientnet::SIDE;
use xai_zoo::photo_file::{BUNDLED, bundled};

/// Left, top and side of each square, in pixels of the photo: the whole, then the corners and the middle of two sizes.
const SQUARES: [[u32; 3]; 11] = [
    [0, 0, 224],
    [14, 14, 196],
    [0, 0, 196],
    [28, 0, 196],
    [0, 28, 196],
    [28, 28, 196],
    [28, 28, 168],
    [0, 0, 168],
    [56, 0, 168],
    [0, 56, 168],
    [56, 56, 168],
];

/// How many crops there are.
pub(crate) const MOST: usize = BUNDLED.len() * SQUARES.len();

/// The network's input for so many crops, (1, 3, 224, 224) each, by the name of the photo that it is of; the photos
/// themselves come first.
pub(crate) fn crops(count: usize) -> Outcome<Vec<(&'static str, Array4<f32>)>> {
    let photos = BUNDLED.iter().map(|(name, _)| Ok((*name, bundled(name)?))).collect::<Outcome<Vec<_>>>()?;
    let all = SQUARES.iter().flat_map(|square| photos.iter().map(move |(name, photo)| (*name, photo, *square)));
    all.take(count).map(|(name, photo, square)| Ok((name, input(photo, square)?))).collect()
}

fn input(photo: &RgbImage, [left, top, side]: [u32; 3]) -> Outcome<Array4<f32>> {
    let square = imageops::crop_imm(photo, left, top, side, side).to_image();
    // 224 fits into any number.
    #[allow(clippy::cast_possible_truncation)]
    let large = imageops::resize(&square, SIDE as u32, SIDE as u32, FilterType::CatmullRom);
    let mut input = Array4::zeros((1, 3, SIDE, SIDE));
    normalize(&large, input.index_axis_mut(Axis(0), 0))?;
    Ok(input)
}
