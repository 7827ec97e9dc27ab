//! What is explained: a photo, on the way from a reference.

use std::fmt;

use clap::ValueEnum;
use image::imageops::{self, FilterType};
use ndarray::{Array4, Axis};
use xai_zoo::command_line::{Outcome, failure};
use xai_zoo::photo_file;

use crate::networks::Network;

/// The side of every network's input.
const SIDE: u32 = 224;

/// Where a path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reference {
    /// Zeros in the network's input: grey, or ImageNet's mean colour
    Zeros,
    /// The photo, blurred
    Blurred,
    /// The photo's mean colour
    MeanColour,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reference::Zeros => "zeros",
            Reference::Blurred => "blurred",
            Reference::MeanColour => "mean colour",
        })
    }
}

impl Reference {
    /// The reference input for an input (1, 3, rows, columns).
    pub(crate) fn of(self, x: &Array4<f32>) -> Outcome<Array4<f32>> {
        let mean = || x.mean_axis(Axis(3)).and_then(|rows| rows.mean_axis(Axis(2)));
        match self {
            Reference::Zeros => Ok(Array4::zeros(x.dim())),
            Reference::Blurred => Ok(blurred(&blurred(&blurred(x)))),
            Reference::MeanColour => {
                let mean = mean().ok_or_else(|| failure("the photo is empty"))?;
                Ok(Array4::from_shape_fn(x.dim(), |(sample, channel, _, _)| mean[[sample, channel]]))
            }
        }
    }
}

/// The mean over a square of 21 × 21 pixels; three times over it is about a Gaussian of standard deviation 10.
fn blurred(x: &Array4<f32>) -> Array4<f32> {
    const REACH: usize = 10;
    let along = |x: &Array4<f32>, axis: usize| {
        let mut y = x.clone();
        let length = x.len_of(Axis(axis));
        for at in 0..length {
            let window = at.saturating_sub(REACH)..(at + REACH + 1).min(length);
            if let Some(mean) = x.slice_axis(Axis(axis), window.into()).mean_axis(Axis(axis)) {
                y.index_axis_mut(Axis(axis), at).assign(&mean);
            }
        }
        y
    };
    along(&along(x, 2), 3)
}

/// A bundled photo as the network's input.
pub(crate) fn input(photo: &str, network: Network) -> Outcome<Array4<f32>> {
    let mut image = photo_file::bundled(photo)?;
    if image.dimensions() != (SIDE, SIDE) {
        image = imageops::resize(&image, SIDE, SIDE, FilterType::CatmullRom);
    }
    let (mean, std) = network.normalization();
    Ok(Array4::from_shape_fn((1, 3, SIDE as usize, SIDE as usize), |(_, channel, row, column)| {
        #[allow(clippy::cast_possible_truncation)] // below 224
        let pixel = image.get_pixel(column as u32, row as u32);
        (f32::from(pixel[channel]) / 255.0 - mean[channel]) / std[channel]
    }))
}
