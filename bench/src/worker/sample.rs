//! What is explained: the same for everybody.

use std::path::Path;

use measured::names::Network;
use ndarray::{Array4, ArrayD, Ix4};
use xai::files;
use xai_zoo::command_line::Outcome;

/// A network's input, and noise for a check.
pub(crate) struct Sample {
    /// A photo, (1, 3, 224, 224), or embedded words, (1, words, features).
    pub(crate) input: ArrayD<f32>,
    /// For a photo: (copies, 3, 224, 224).
    pub(crate) noise: Option<Array4<f32>>,
}

impl Sample {
    /// Reads what `bench/python/prepare.py` wrote.
    pub(crate) fn read(data: &Path, network: Network) -> Outcome<Self> {
        let path = data.join(format!("{}.safetensors", network.input));
        let mut arrays = files::read_arrays::<f32>(&path)?;
        let input = arrays.remove("input").ok_or_else(|| format!("{} has no `input`", path.display()))?;
        let noise = arrays.remove("noise").map(ArrayD::into_dimensionality::<Ix4>).transpose()?;
        Ok(Sample { input, noise })
    }

    /// The input as images.
    pub(crate) fn images(&self) -> Outcome<Array4<f32>> {
        Ok(self.input.clone().into_dimensionality::<Ix4>()?)
    }
}
