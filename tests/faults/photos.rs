//! A photo is what its viewer sees.

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, GrayAlphaImage, ImageEncoder, ImageFormat, LumaA, Rgb, RgbImage, Rgba, RgbaImage,
};
use xai::picture::{decode_photo, read_photo};

/// Two pixels, red beside blue, over two that are green.
fn photo() -> RgbImage {
    RgbImage::from_fn(2, 2, |x, y| match (x, y) {
        (0, 0) => Rgb([255, 0, 0]),
        (1, 0) => Rgb([0, 0, 255]),
        _ => Rgb([0, 255, 0]),
    })
}

/// TIFF, little-endian, with the orientation as its only entry.
fn exif(orientation: u8) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x01\0".to_vec();
    bytes.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

fn png(orientation: Option<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    if let Some(orientation) = orientation {
        encoder.set_exif_metadata(exif(orientation)).unwrap();
    }
    encoder.write_image(photo().as_raw(), 2, 2, ExtendedColorType::Rgb8).unwrap();
    bytes
}

#[test]
fn the_orientation_of_a_png_is_followed() {
    let (red, blue, green) = (Rgb([255, 0, 0]), Rgb([0, 0, 255]), Rgb([0, 255, 0]));
    // Where the corners are then: top left, top right.
    for (orientation, corners) in [
        (None, [red, blue]),
        (Some(1), [red, blue]),
        (Some(2), [blue, red]),
        (Some(3), [green, green]),
        (Some(6), [green, red]),
        (Some(8), [blue, green]),
    ] {
        let photo = decode_photo(&png(orientation)).unwrap();
        assert_eq!([0, 1].map(|x| *photo.get_pixel(x, 0)), corners, "{orientation:?}");
    }
}

#[test]
fn an_orientation_behind_the_picture_is_followed() {
    let mut bytes = png(None);
    let end = bytes.len() - 12;
    let data = exif(3);
    let mut chunk = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
    chunk.extend(b"eXIf");
    chunk.extend(&data);
    let checksum = chunk[4..].iter().fold(u32::MAX, |mut sum, &byte| {
        sum ^= u32::from(byte);
        (0..8).for_each(|_| sum = if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 });
        sum
    });
    chunk.extend((!checksum).to_be_bytes());
    bytes.splice(end..end, chunk);
    assert_eq!(*decode_photo(&bytes).unwrap().get_pixel(1, 1), Rgb([255, 0, 0]));
}

fn jpeg(exif: Option<Vec<u8>>) -> Vec<u8> {
    // Blocks of 16, so that colours stay apart.
    let large = image::imageops::resize(&photo(), 64, 64, image::imageops::FilterType::Nearest);
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95);
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif).unwrap();
    }
    encoder.write_image(large.as_raw(), 64, 64, ExtendedColorType::Rgb8).unwrap();
    bytes
}

#[test]
fn the_orientation_of_a_jpeg_is_followed() {
    let near = |a: Rgb<u8>, b: [u8; 3]| a.0.iter().zip(b).all(|(&a, b)| a.abs_diff(b) < 60);
    for (orientation, left, right) in [(1, [255, 0, 0], [0, 0, 255]), (6, [0, 255, 0], [255, 0, 0])] {
        let photo = decode_photo(&jpeg(Some(exif(orientation)))).unwrap();
        assert!(near(*photo.get_pixel(8, 8), left) && near(*photo.get_pixel(56, 8), right), "{orientation}");
    }
}

/// Wherever it is cut, also behind the end of a thumbnail within.
#[test]
fn a_jpeg_that_is_cut_off_is_refused() {
    let mut thumbnail = exif(1);
    thumbnail.extend(jpeg(None));
    let whole = jpeg(Some(thumbnail));
    decode_photo(&whole).unwrap();
    for percent in [5, 20, 40, 60, 80, 90, 95, 99] {
        let cut = &whole[..whole.len() * percent / 100];
        assert!(decode_photo(cut).is_err(), "{percent} %");
    }
    let error = decode_photo(&whole[..whole.len() - 2]).unwrap_err().to_string();
    assert!(error.contains("ends before the picture does"), "{error}");
    let mut behind = whole;
    behind.extend([0; 100]);
    decode_photo(&behind).unwrap();
}

fn as_png(photo: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    photo.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn what_is_transparent_is_white() {
    let rgba = RgbaImage::from_fn(3, 1, |x, _| Rgba([200, 100, 0, [0, 255, 128][x as usize]]));
    let pixels: Vec<[u8; 3]> = decode_photo(&as_png(rgba)).unwrap().pixels().map(|p| p.0).collect();
    assert_eq!(pixels, [[255, 255, 255], [200, 100, 0], [227, 177, 127]]);
    let grey = GrayAlphaImage::from_fn(2, 1, |x, _| LumaA([10, [0, 255][x as usize]]));
    let pixels: Vec<[u8; 3]> = decode_photo(&as_png(grey)).unwrap().pixels().map(|p| p.0).collect();
    assert_eq!(pixels, [[255; 3], [10; 3]]);
}

#[test]
fn other_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cat.webp");
    std::fs::write(&path, b"RIFF\0\0\0\0WEBPVP8 ").unwrap();
    let error = read_photo(&path).unwrap_err().to_string();
    assert!(error.contains("cat.webp"), "{error}");
    #[cfg(unix)]
    assert!(read_photo("/dev/zero").unwrap_err().to_string().contains("a device"));
}
