//! Photos for a folder, made of the bundled ones.

use std::path::Path;

use image::imageops::{self, FilterType};
use image::{DynamicImage, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::command_line::Outcome;

const BUNDLED: [&[u8]; 4] = [
    include_bytes!("../../../assets/photos/camera.png"),
    include_bytes!("../../../assets/photos/catcup.png"),
    include_bytes!("../../../assets/photos/chelsea.png"),
    include_bytes!("../../../assets/photos/coffee.png"),
];

/// A usual size of photos for networks.
const SIZE: (u32, u32) = (640, 480);

/// Writes so many JPEGs of 640 × 480: random parts of the bundled photos, enlarged, half of them mirrored.
pub(crate) fn make(folder: &Path, count: usize) -> Outcome<()> {
    let originals =
        BUNDLED.iter().map(|png| Ok(image::load_from_memory(png)?.into_rgb8())).collect::<Outcome<Vec<_>>>()?;
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
