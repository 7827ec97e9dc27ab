//! Sound as the network's input.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use hound::{SampleFormat, WavReader};
use ndarray::{ArrayD, IxDyn};
use xai_cli::command_line::{Outcome, failure};

use super::given::{Given, Shown};
use crate::model::Wanted;

/// Reads a WAV file: samples from -1 to 1, the mean of its channels where the network takes one.
pub(super) fn read(path: &Path, wanted: &Wanted) -> Outcome<Given> {
    let refused = |why: String| failure(format!("{}: {why}", path.display()));
    let bytes = xai::disk::read_file(path)?;
    let mut reader = WavReader::new(Cursor::new(bytes)).map_err(|error| refused(error.to_string()))?;
    let spec = reader.spec();
    let samples: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>(),
        SampleFormat::Int => {
            // Up to 32 bits; a single-precision number keeps 24 of them.
            #[allow(clippy::cast_possible_truncation)]
            let unit = (1.0 / 2f64.powi(i32::from(spec.bits_per_sample) - 1)) as f32;
            #[allow(clippy::cast_precision_loss)]
            reader.samples::<i32>().map(|sample| sample.map(|sample| sample as f32 * unit)).collect::<Result<_, _>>()
        }
    }
    .map_err(|error| refused(error.to_string()))?;
    let channels = usize::from(spec.channels);
    let steps = samples.len() / channels.max(1);
    if steps == 0 {
        return Err(refused("it has no samples".into()));
    }
    let taken = match wanted.shape.as_deref() {
        Some([_, _]) => 1,
        None | Some([_, None, _]) => channels,
        Some(&[_, Some(taken), _]) if taken == 1 || taken == channels => taken,
        Some(&[_, Some(taken), _]) => {
            return Err(refused(format!("it has {channels} channels, and {wanted} takes {taken}")));
        }
        Some(_) => return Err(refused(format!("a sound is no {wanted}: one has two axes or three"))),
    };
    let length = wanted.shape.as_deref().and_then(|shape| shape.last().copied().flatten());
    if let Some(length) = length.filter(|&length| length != steps) {
        return Err(refused(format!("it has {steps} samples, and {wanted} takes {length}: cut it, or fill it up")));
    }
    let at = |channel: usize, step: usize| {
        let frame = &samples[step * channels..(step + 1) * channels];
        // A few channels.
        #[allow(clippy::cast_precision_loss)]
        if taken == 1 { frame.iter().sum::<f32>() / channels as f32 } else { frame[channel] }
    };
    let flat: Vec<f32> =
        (0..taken).flat_map(|channel| (0..steps).map(move |step| (channel, step))).map(|(c, t)| at(c, t)).collect();
    let shape = if wanted.shape.as_ref().is_some_and(|shape| shape.len() == 2) {
        vec![1, steps]
    } else {
        vec![1, taken, steps]
    };
    let numbers = Arc::new(ArrayD::from_shape_vec(IxDyn(&shape), flat)?);
    let how = format!("{steps} samples at {} Hz", spec.sample_rate);
    let mixed = if taken < channels { format!(", and the mean of its {channels} channels") } else { String::new() };
    let notes = vec![format!(
        "the sound is taken at its own {} Hz{mixed}: the file does not say which rate the network was trained with",
        spec.sample_rate
    )];
    Ok(Given { numbers, mean: None, shown: Shown::Signal, channels_last: false, assumed: false, how, notes })
}
