//! The network and its analyzer: the stage in the middle.

use image::RgbImage;
use ndarray::{Array3, Array4, Axis, Slice};
use xai::{
    Analyzer, Backend, GradCam, Gradient, InputTimesGradient, Inputs, IntegratedGradients, Kind, MaxActivation,
    SmoothGrad, files,
};

use crate::command_line::Outcome;
use crate::crop::normalize;
use crate::name::Name;
use crate::network::{EfficientNetLite0, SIDE};
use crate::pipeline::Numbered;

const BUNDLED: &[u8] = include_bytes!("../../assets/efficientnet-lite0/efficientnet-lite0-f16.safetensors");

/// The bundled network, an analyzer, and room for a batch of its inputs.
pub(crate) struct Explainer<B: Backend> {
    network: EfficientNetLite0<B>,
    analyzer: Box<dyn Analyzer<EfficientNetLite0<B>>>,
    input: Array4<f32>,
}

/// A photo with its values (C, H, W), one sample's.
pub(crate) struct Explained {
    pub(crate) photo: RgbImage,
    pub(crate) values: Array3<f32>,
    pub(crate) kind: Kind,
}

impl<B: Backend<Elem = f32>> Explainer<B> {
    /// Refuses parameters that the analyzer cannot work with.
    pub(crate) fn new(name: Name, n: usize, batch: usize, placement: B::Placement) -> Outcome<Self> {
        let analyzer: Box<dyn Analyzer<EfficientNetLite0<B>>> = match name {
            Name::Gradient => Box::new(Gradient),
            Name::InputTimesGradient => Box::new(InputTimesGradient),
            Name::SmoothGrad => Box::new(SmoothGrad::new().n(n)),
            Name::IntegratedGradients => Box::new(IntegratedGradients::new().n(n)),
            Name::GradCam => Box::new(GradCam),
        };
        let input = Array4::zeros((batch, 3, SIDE, SIDE));
        let network = EfficientNetLite0::load(&files::decode_weights(BUNDLED, placement)?)?;
        analyzer.check(&network, &Inputs { shapes: &[input.shape().to_vec()], explained: &[true] })?;
        Ok(Explainer { network, analyzer, input })
    }

    /// Explains each photo for its own most probable class. There are at most as many as a batch has.
    pub(crate) fn explain(&mut self, photos: Vec<Numbered<RgbImage>>) -> Outcome<Vec<Numbered<Explained>>> {
        for ((_, photo), input) in photos.iter().zip(self.input.outer_iter_mut()) {
            normalize(photo, input);
        }
        let input = self.input.slice_axis(Axis(0), Slice::from(..photos.len()));
        let found = self.analyzer.analyze(&self.network, &input, MaxActivation)?;
        let explained = |((job, photo), values): (_, ndarray::ArrayView3<'_, f32>)| {
            (job, Explained { photo, values: values.to_owned(), kind: found.kind })
        };
        Ok(photos.into_iter().zip(found.values.outer_iter()).map(explained).collect())
    }
}
