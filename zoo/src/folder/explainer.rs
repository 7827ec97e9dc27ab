//! The network and its analyzer: the stage in the middle.

use std::fmt;

use image::RgbImage;
use ndarray::{Array3, Array4, Axis, Slice};
use xai::{Analyzer, Backend, Inputs, Kind, MaxActivation};

use super::Numbered;
use crate::command_line::Outcome;
use crate::crop::normalize;
use crate::efficientnet::{EfficientNetLite0, SIDE};

/// The network, an analyzer, and room for a batch of its inputs.
pub struct Explainer<B: Backend> {
    network: EfficientNetLite0<B>,
    analyzer: Box<dyn Analyzer<EfficientNetLite0<B>>>,
    input: Array4<f32>,
}

impl<B: Backend> fmt::Debug for Explainer<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer").field("analyzer", &self.analyzer.name()).finish_non_exhaustive()
    }
}

/// A photo with its values (C, H, W), one sample's.
#[derive(Debug)]
pub struct Explained {
    /// The photo.
    pub photo: RgbImage,
    /// Its values.
    pub values: Array3<f32>,
    /// What the values mean.
    pub kind: Kind,
}

impl<B: Backend<Elem = f32>> Explainer<B> {
    /// For at most so many photos at once.
    ///
    /// # Errors
    /// Parameters that the analyzer cannot work with.
    pub fn new(
        network: EfficientNetLite0<B>,
        analyzer: Box<dyn Analyzer<EfficientNetLite0<B>>>,
        batch: usize,
    ) -> xai::Result<Self> {
        let input = Array4::zeros((batch, 3, SIDE, SIDE));
        analyzer.check(&network, &Inputs { shapes: &[input.shape().to_vec()], explained: &[true] })?;
        Ok(Explainer { network, analyzer, input })
    }

    /// Explains each photo for its own most probable class. There are at most as many as a batch has.
    ///
    /// # Errors
    /// The analyzer's.
    pub fn explain(&mut self, photos: Vec<Numbered<RgbImage>>) -> Outcome<Vec<Numbered<Explained>>> {
        for ((_, photo), input) in photos.iter().zip(self.input.outer_iter_mut()) {
            normalize(photo, input)?;
        }
        let input = self.input.slice_axis(Axis(0), Slice::from(..photos.len()));
        let found = self.analyzer.analyze(&self.network, &input, MaxActivation)?;
        let explained = |((job, photo), values): (_, ndarray::ArrayView3<'_, f32>)| {
            (job, Explained { photo, values: values.to_owned(), kind: found.kind })
        };
        Ok(photos.into_iter().zip(found.values.outer_iter()).map(explained).collect())
    }
}
