//! A photo as its viewer sees it.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

use crate::{BoxError, Error, Result};

/// Reads a PNG or a JPEG as people see it: turned as its EXIF orientation says, and composed over white where it is
/// transparent.
///
/// # Errors
/// [`Error::File`] when it cannot be read, is no regular file, no PNG or JPEG, or ends before the picture does.
///
/// ```
/// use image::{Rgb, Rgba, RgbaImage};
/// use xai::picture::read_photo;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("photo.png");
/// // What shines through is white.
/// RgbaImage::from_fn(2, 1, |x, _| Rgba([200, 0, 0, if x == 0 { 255 } else { 0 }])).save(&path)?;
/// let photo = read_photo(&path)?;
/// assert_eq!((photo[(0, 0)], photo[(1, 0)]), (Rgb([200, 0, 0]), Rgb([255; 3])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_photo(path: impl AsRef<Path>) -> Result<RgbImage> {
    let path = path.as_ref();
    let failed = |source: BoxError| Error::File { action: "read", path: path.to_owned(), source };
    let bytes = crate::regular::read(path).map_err(|error| failed(error.into()))?;
    decoded(&bytes).map_err(failed)
}

/// As [`read_photo`], from the file's bytes.
///
/// # Errors
/// [`Error::Backend`] when they are no PNG or JPEG, or end before the picture does.
///
/// ```
/// use std::io::Cursor;
///
/// use image::{ImageFormat, Rgb, RgbImage};
/// use xai::picture::decode_photo;
///
/// let mut png = Cursor::new(Vec::new());
/// RgbImage::from_pixel(2, 1, Rgb([200, 0, 0])).write_to(&mut png, ImageFormat::Png)?;
/// assert_eq!(decode_photo(png.get_ref())?.dimensions(), (2, 1));
/// assert!(decode_photo(b"no photo").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode_photo(bytes: &[u8]) -> Result<RgbImage> {
    decoded(bytes).map_err(|error| Error::backend("image", error))
}

fn decoded(bytes: &[u8]) -> Result<RgbImage, BoxError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.limits(Limits::default());
    let format = reader.format();
    if format == Some(ImageFormat::Jpeg) && !jpeg_has_an_end(bytes) {
        return Err("the JPEG ends before the picture does: the file is cut off".into());
    }
    let mut decoder = reader.into_decoder()?;
    let orientation = match format {
        // Of a chunk behind the picture, the decoder does not know yet.
        Some(ImageFormat::Png) => png_exif(bytes).and_then(Orientation::from_exif_chunk),
        _ => decoder.orientation().ok(),
    };
    let mut photo = DynamicImage::from_decoder(decoder)?;
    photo.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    Ok(over_white(photo))
}

/// What shines through a transparent picture is the white of a page.
fn over_white(photo: DynamicImage) -> RgbImage {
    if !photo.color().has_alpha() {
        return photo.into_rgb8();
    }
    let photo = photo.into_rgba8();
    RgbImage::from_fn(photo.width(), photo.height(), |x, y| {
        let [red, green, blue, alpha] = photo.get_pixel(x, y).0.map(u32::from);
        let over = |color: u32| u8::try_from((color * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX);
        Rgb([over(red), over(green), over(blue)])
    })
}

/// Whether the end-of-image marker comes, behind all segments and scans: a decoder paints what is missing grey.
fn jpeg_has_an_end(bytes: &[u8]) -> bool {
    // Behind the start-of-image marker.
    let mut at = 2;
    while let Some(&[0xFF, marker]) = bytes.get(at..at + 2) {
        at += match marker {
            0xD9 => return true,
            // Fill bytes, and markers without a segment.
            0xFF => 1,
            0x01 | 0xD0..=0xD7 => 2,
            _ => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else { return false };
                2 + usize::from(u16::from_be_bytes([high, low]))
            }
        };
        // The numbers of a scan go on to the next marker that is no restart and no stuffed byte.
        if marker == 0xDA {
            let rest = bytes.get(at..).unwrap_or_default();
            let is_marker = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7 | 0xFF);
            let Some(length) = rest.windows(2).position(is_marker) else { return false };
            at += length;
        }
    }
    false
}

/// The EXIF chunk of a PNG, wherever it stands.
fn png_exif(bytes: &[u8]) -> Option<&[u8]> {
    // Behind the signature: length, name, data and checksum of each chunk.
    let mut rest = bytes.get(8..)?;
    loop {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let (name, behind) = behind.split_first_chunk::<4>()?;
        let data = behind.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        if name == b"eXIf" {
            return Some(data);
        }
        rest = behind.get(data.len() + 4..)?;
    }
}
