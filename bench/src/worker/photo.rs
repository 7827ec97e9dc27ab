//! What is explained: the same for everybody.

use std::path::Path;

use ndarray::{Array4, Ix4};
use xai::files;
use xai_zoo::command_line::Outcome;
use xai_zoo::efficientnet::SIDE;

/// The photo, and noise for a check.
pub(crate) struct Photo {
    /// (1, 3, 224, 224)
    pub(crate) input: Array4<f32>,
    /// (copies, 3, 224, 224)
    pub(crate) noise: Array4<f32>,
}

impl Photo {
    /// Reads what `bench/python/prepare.py` wrote.
    pub(crate) fn read(data: &Path) -> Outcome<Self> {
        let path = data.join("photo.safetensors");
        let mut arrays = files::read_arrays::<f32>(&path)?;
        let mut images = |name: &str| -> Outcome<Array4<f32>> {
            let found = arrays.remove(name).and_then(|array| array.into_dimensionality::<Ix4>().ok());
            let found = found.filter(|images| images.shape()[1..] == [3, SIDE, SIDE]);
            found.ok_or_else(|| format!("{} has no images `{name}` of side {SIDE}", path.display()).into())
        };
        Ok(Photo { input: images("input")?, noise: images("noise")? })
    }
}
