//! What the network looks at: a photo, or images that are already preprocessed.

use std::path::Path;

use image::{Rgb, RgbImage};
use ndarray::{Array4, ArrayView3, Axis, Ix4};
use xai::files;
use xai_zoo::command_line::{Outcome, failure};
use xai_zoo::crop::{cropped, normalize};
use xai_zoo::efficientnet::SIDE;
use xai_zoo::photo_file;

use crate::args::Args;

/// The photos, and the network's input of shape (B, 3, 224, 224).
pub(crate) struct Photos {
    pub(crate) photos: Vec<RgbImage>,
    pub(crate) input: Array4<f32>,
}

impl Photos {
    pub(crate) fn open(args: &Args) -> Outcome<Self> {
        if let Some(path) = &args.input {
            let input = preprocessed(path)?;
            let photos = input.axis_iter(Axis(0)).map(shown).collect();
            return Ok(Photos { photos, input });
        }
        let photo = photo_file::open(args.image.as_deref(), |photo| cropped(&photo))?;
        let mut input = Array4::zeros((1, 3, SIDE, SIDE));
        normalize(&photo, input.index_axis_mut(Axis(0), 0))?;
        Ok(Photos { photos: vec![photo], input })
    }
}

fn preprocessed(path: &Path) -> Outcome<Array4<f32>> {
    let refused = |why: String| failure(format!("{}: {why}", path.display()));
    let mut arrays = files::read_arrays::<f32>(path)?;
    let Some(input) = arrays.remove("input") else {
        let names: Vec<String> = arrays.into_keys().take(5).collect();
        return Err(refused(format!("it has no tensor `input` (it has {})", names.join(", "))));
    };
    let shape = input.shape().to_vec();
    if !matches!(shape[..], [batch, 3, SIDE, SIDE] if batch > 0) {
        return Err(refused(format!("`input` has shape {shape:?}; it must be (B, 3, {SIDE}, {SIDE}), B at least 1")));
    }
    if let Some((place, value)) = input.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(refused(format!("`input` is {value} at {:?}", ndarray::Dimension::slice(&place))));
    }
    Ok(input.into_dimensionality::<Ix4>()?)
}

/// The photo that a preprocessed image was, as far as bytes can show it.
fn shown(image: ArrayView3<'_, f32>) -> RgbImage {
    RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the cast clips to a byte
        let byte = |channel| (image[[channel, y as usize, x as usize]] * 128.0 + 127.0).round() as u8;
        Rgb([byte(0), byte(1), byte(2)])
    })
}
