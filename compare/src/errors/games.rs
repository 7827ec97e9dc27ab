//! What is asked: games of a few players, and the bundled network on a photo in 64 patches.

use std::convert::Infallible;

use candle_core::DType;
use ndarray::{Array2, Array4, ArrayView2, Axis};
use xai::candle::Candle;
use xai::{BlackBox, Differentiable, Error, Features, NdArray, Result, files};
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::photo_file::bundled;

/// Players on their own, in pairs, and in triples, with worths of no pattern: the Python side has the same.
pub(super) fn game(players: usize) -> impl Differentiable<Backend = NdArray<f64>> {
    #[allow(clippy::cast_precision_loss)]
    let worth = |term: usize| ((term * 7919 + 131) % 1009) as f64 / 504.5 - 1.0;
    let value = move |present: &[f64]| {
        let on = |terms: &[usize]| terms.iter().map(|&player| present[player]).product::<f64>();
        let alone: f64 = (0..players).map(|a| worth(a) * on(&[a])).sum();
        let pairs: f64 = (0..players).map(|a| 1.5 * worth(100 + a) * on(&[a, (a + 2) % players])).sum();
        let triples: f64 =
            (0..players).map(|a| 2.0 * worth(200 + a) * on(&[a, (a + 1) % players, (a + 3) % players])).sum();
        alone + pairs + triples
    };
    BlackBox::new(move |x: ArrayView2<'_, f64>| -> std::result::Result<Array2<f64>, Infallible> {
        Ok(x.map_axis(Axis(1), |row| value(&row.to_vec())).insert_axis(Axis(1)))
    })
}

/// The network on a photo at half its size.
pub(super) struct Photo {
    pub(super) network: EfficientNetLite0<Candle<f32>>,
    pub(super) input: Array4<f32>,
}

impl Photo {
    /// # Errors
    /// Those of the photo and the weights.
    pub(super) fn new() -> Result<Self> {
        let photo = bundled("chelsea").map_err(|e| Error::backend("the photo", e.to_string()))?;
        let [width, height] = [photo.width(), photo.height()].map(|side| side as usize / 2);
        let bytes = photo.as_raw();
        // The mean of two by two bytes.
        let input = Array4::from_shape_fn((1, 3, height, width), |(_, channel, y, x)| {
            let byte = |dy: usize, dx: usize| f32::from(bytes[((2 * y + dy) * 2 * width + 2 * x + dx) * 3 + channel]);
            ((byte(0, 0) + byte(0, 1) + byte(1, 0) + byte(1, 1)) / 4.0 - 127.0) / 128.0
        });
        let network = EfficientNetLite0::load(&files::decode_weights(TRAINED, DType::F32)?)?;
        Ok(Photo { network, input })
    }

    /// 8 × 8 patches.
    pub(super) fn patches() -> Features {
        Features::grid([8, 8])
    }
}
