//! The network, and what is asked of it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbImage;
use ndarray::{Array4, ArrayView3, Axis, Ix4};
use xai::{Analyzer, AnalyzerInfo, Backend, BoxModel, MaxActivation, Settings, files};
use xai_zoo::command_line::{Outcome, failure};
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::networks;
use xai_zoo::photo_file::bundled;

use crate::names::Network;

/// The bundled network.
///
/// # Errors
/// The backend's own.
pub fn network<B: Backend>() -> Outcome<EfficientNetLite0<B>> {
    Ok(EfficientNetLite0::load(&files::decode_weights(TRAINED, B::Placement::default())?)?)
}

/// A network of `bench.sh` on a device, with the weights that it has written.
///
/// # Errors
/// Weights that are not there: run `./bench.sh` first.
pub fn prepared<B: Backend<Elem = f32>>(of: Network, at: B::Placement) -> Outcome<BoxModel<'static, B>> {
    if of.is_bundled() {
        return Ok(Box::new(EfficientNetLite0::load(&files::decode_weights::<B>(TRAINED, at)?)?));
    }
    let weights = files::read_weights::<B>(written(&format!("{of}.safetensors")), at)?;
    Ok(Box::new(networks::build(of.name, &weights)?))
}

/// The photo of `bench.sh`, as the networks see it.
///
/// # Errors
/// A photo that is not there: run `./bench.sh` first.
pub fn prepared_photo() -> Outcome<Array4<f32>> {
    let photo = files::read_arrays::<f32>(written("photo.safetensors"))?.remove("input");
    let photo = photo.ok_or_else(|| failure("target/bench/photo.safetensors has no `input`: run ./bench.sh first"))?;
    Ok(photo.into_dimensionality::<Ix4>()?)
}

fn written(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench").join(name)
}

/// A batch of the bundled photo at any size: (batch, 3, side, side). Every second one is its mirror image.
///
/// # Errors
/// None, as long as the photo is bundled.
pub fn batch(batch: usize, side: u32) -> Outcome<Array4<f32>> {
    let photo = bundled("chelsea")?;
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

/// An analysis that is measured: an analyzer of the library, by its name, and how many copies or points it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Analysis {
    name: &'static str,
    n: Option<usize>,
}

impl Analysis {
    /// By the analyzer of this name, as it comes.
    pub const fn of(name: &'static str) -> Self {
        Analysis { name, n: None }
    }

    /// With so many copies or points.
    #[must_use]
    pub const fn n(self, n: usize) -> Self {
        Analysis { n: Some(n), ..self }
    }

    /// For people.
    ///
    /// # Errors
    /// No such analyzer.
    pub fn title(self) -> Outcome<String> {
        let title = AnalyzerInfo::find(self.name)?.title;
        Ok(self.n.map_or_else(|| title.to_owned(), |n| format!("{title}, n = {n}")))
    }

    /// What it finds.
    ///
    /// # Errors
    /// The analyzer's.
    pub fn run<B: Backend<Elem = f32>>(
        self,
        network: &EfficientNetLite0<B>,
        input: &Array4<f32>,
    ) -> Outcome<Array4<f32>> {
        let settings = Settings::marked(network);
        let settings = self.n.into_iter().fold(settings, Settings::n);
        let analyzer = AnalyzerInfo::find(self.name)?.build::<EfficientNetLite0<B>>(&settings)?;
        Ok(analyzer.analyze(network, input, MaxActivation)?.values)
    }

    /// How many seconds it takes.
    ///
    /// # Errors
    /// The analyzer's.
    pub fn seconds<B: Backend<Elem = f32>>(self, network: &EfficientNetLite0<B>, input: &Array4<f32>) -> Outcome<f64> {
        let start = Instant::now();
        self.run(network, input)?;
        Ok(start.elapsed().as_secs_f64())
    }
}
