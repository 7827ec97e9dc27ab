//! The network, and what is asked of it.

use std::time::Instant;

use image::RgbImage;
use ndarray::{Array4, ArrayView3, Axis};
use xai::Backend;
use xai::{Analyzer, GradCam, Gradient, IntegratedGradients, MaxActivation, SmoothGrad, files};

use crate::command_line::Outcome;
use crate::network::EfficientNetLite0;

const BUNDLED: &[u8] = include_bytes!("../../../assets/efficientnet-lite0/efficientnet-lite0-f16.safetensors");
const CHELSEA: &[u8] = include_bytes!("../../../assets/photos/chelsea.png");

/// The bundled network.
pub(crate) fn network<B: Backend>() -> Outcome<EfficientNetLite0<B>> {
    Ok(EfficientNetLite0::load(&files::decode_weights(BUNDLED, B::Placement::default())?)?)
}

/// A batch of the bundled photo at any size: (batch, 3, side, side). Every second one is its mirror image.
pub(crate) fn batch(batch: usize, side: u32) -> Outcome<Array4<f32>> {
    let photo = image::load_from_memory(CHELSEA)?.into_rgb8();
    let photo: RgbImage = image::imageops::resize(&photo, side, side, image::imageops::FilterType::CatmullRom);
    let side = side as usize;
    let bytes = ArrayView3::from_shape((side, side, 3), photo.as_raw())?;
    let mut input = Array4::zeros((batch, 3, side, side));
    for (number, mut sample) in input.outer_iter_mut().enumerate() {
        let mut bytes = bytes.permuted_axes([2, 0, 1]);
        if number % 2 == 1 {
            bytes.invert_axis(Axis(2));
        }
        sample.zip_mut_with(&bytes, |number, &byte| *number = (f32::from(byte) - 127.0) / 128.0);
    }
    Ok(input)
}

/// An analysis that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Analysis {
    Gradient,
    GradCam,
    SmoothGrad(usize),
    IntegratedGradients(usize),
}

impl Analysis {
    /// For people.
    pub(crate) fn title(self) -> String {
        match self {
            Analysis::Gradient => "Gradient".into(),
            Analysis::GradCam => "Grad-CAM".into(),
            Analysis::SmoothGrad(n) => format!("SmoothGrad, n = {n}"),
            Analysis::IntegratedGradients(n) => format!("Integrated Gradients, n = {n}"),
        }
    }

    pub(crate) fn run<B: Backend<Elem = f32>>(
        self,
        network: &EfficientNetLite0<B>,
        input: &Array4<f32>,
    ) -> Outcome<Array4<f32>> {
        let found = match self {
            Analysis::Gradient => Gradient.analyze(network, input, MaxActivation),
            Analysis::GradCam => GradCam.analyze(network, input, MaxActivation),
            Analysis::SmoothGrad(n) => SmoothGrad::new().n(n).analyze(network, input, MaxActivation),
            Analysis::IntegratedGradients(n) => IntegratedGradients::new().n(n).analyze(network, input, MaxActivation),
        };
        Ok(found?.values)
    }

    /// How many seconds it takes.
    pub(crate) fn seconds<B: Backend<Elem = f32>>(
        self,
        network: &EfficientNetLite0<B>,
        input: &Array4<f32>,
    ) -> Outcome<f64> {
        let start = Instant::now();
        self.run(network, input)?;
        Ok(start.elapsed().as_secs_f64())
    }
}
