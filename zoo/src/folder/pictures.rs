//! From a photo's file to its cropped pixels, and from its explanation to a picture's file: the stages at both ends.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use xai::Kind;
use xai::disk::Draft;
use xai::picture::{Heatmap, Style};

use super::{Explained, Job, Work};
use crate::crop::cropped;
use crate::photo_file;

/// How much of the map is seen where it lies over a photo.
const OPACITY: f64 = 0.5;

/// The photos of a folder, and whom to tell when one has ended: its number, and what went wrong.
#[derive(Debug)]
pub struct Pictures<'a, F> {
    /// The photos, by their numbers.
    pub jobs: &'a [Job],
    /// Called when one has ended.
    pub ended: F,
}

impl<F: Fn(Result<(), String>) + Sync> Work for Pictures<'_, F> {
    type Opened = RgbImage;
    type Found = Explained;

    fn open(&self, job: usize) -> Result<RgbImage, String> {
        photo_file::open(Some(&self.jobs[job].photo), |photo| cropped(&photo)).map_err(|error| error.to_string())
    }

    fn write(&self, job: usize, found: Explained) -> Result<(), String> {
        let Job { photo, picture } = &self.jobs[job];
        let save = || Draft::write(picture, &drawn(&found)?)?.publish();
        save().map_err(|error| format!("the picture of {}: {error}", photo.display()))
    }

    fn ended(&self, _: usize, result: Result<(), String>) {
        (self.ended)(result);
    }
}

/// A PNG: a class activation map over the photo, any other map by itself.
fn drawn(found: &Explained) -> xai::Result<Vec<u8>> {
    let map = Heatmap::new(&found.values, &Style::of(found.kind))?;
    let picture = match found.kind {
        Kind::Cam => map.overlay(&found.photo, OPACITY)?,
        _ => map.image(),
    };
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).map_err(|error| xai::Error::backend("image", error))?;
    Ok(png.into_inner())
}
