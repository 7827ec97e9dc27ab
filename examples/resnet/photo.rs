//! The network's input, as torchvision prepares it.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use ndarray::Array4;

/// The side of the input.
const SIDE: u32 = 224;
/// The shorter side before the middle is cut out.
const RESIZED: u32 = 256;
/// A photo that is longer by this factor would be resized to a strip of which almost nothing is looked at.
const LONGEST: u32 = 20;

const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];

/// The middle 224 × 224 of the photo, after its shorter side has been resized to 256 (bilinear, antialiased).
pub(crate) fn cropped(photo: RgbImage) -> Result<RgbImage, String> {
    let (width, height) = photo.dimensions();
    let (shorter, longer) = (width.min(height), width.max(height));
    if longer / LONGEST > shorter {
        return Err(format!("{width}x{height} is too narrow: the sides may differ by a factor of {LONGEST}"));
    }
    #[allow(clippy::cast_possible_truncation)] // at most 21 times 256
    let resized = |side: u32| (u64::from(RESIZED) * u64::from(side) / u64::from(shorter.max(1))) as u32;
    let (width, height) = (resized(width), resized(height));
    let photo = imageops::resize(&photo, width, height, FilterType::Triangle);
    Ok(imageops::crop_imm(&photo, (width - SIDE) / 2, (height - SIDE) / 2, SIDE, SIDE).to_image())
}

/// The numbers of shape (1, 3, H, W): each channel from 0 to 1, minus ImageNet's mean, over its standard deviation.
pub(crate) fn normalized(photo: &RgbImage) -> Array4<f32> {
    let (width, height) = photo.dimensions();
    Array4::from_shape_fn((1, 3, height as usize, width as usize), |(_, channel, row, column)| {
        #[allow(clippy::cast_possible_truncation)] // below the photo's sides
        let Rgb(pixel) = *photo.get_pixel(column as u32, row as u32);
        (f32::from(pixel[channel]) / 255.0 - MEAN[channel]) / STD[channel]
    })
}
