//! Photos for a folder, made of the bundled ones.

use std::path::Path;

use image::imageops::{self, FilterType};
use image::{DynamicImage, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xai_zoo::command_line::Outcome;
use xai_zoo::photo_file::{BUNDLED, bundled};

/// A usual size of photos for networks.
const SIZE: (u32, u32) = (640, 480);

/// Writes so many JPEGs of 640 × 480: random parts of the bundled photos, enlarged, half of them mirrored.
///
/// # Errors
/// A file that cannot be written.
pub fn make(folder: &Path, count: usize) -> Outcome<()> {
    let originals = BUNDLED.iter().map(|(name, _)| bundled(name)).collect::<Outcome<Vec<_>>>()?;
    let mut random = ChaCha8Rng::seed_from_u64(0);
    for (number, original) in originals.iter().cycle().take(count).enumerate() {
        let (width, height) = (random.random_range(160..=220), random.random_range(160..=220));
        let left = random.random_range(0..=original.width() - width);
        let top = random.random_range(0..=original.height() - height);
        let part = imageops::crop_imm(original, left, top, width, height).to_image();
        let mut photo: RgbImage = imageops::resize(&part, SIZE.0, SIZE.1, FilterType::Triangle);
        if random.random() {
            imageops::flip_horizontal_in_place(&mut photo);
        }
        DynamicImage::from(photo).save(folder.join(format!("{number:05}.jpg")))?;
    }
    Ok(())
}
