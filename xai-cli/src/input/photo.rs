//! A photo as the network's input.

use std::path::Path;
use std::sync::Arc;

use xai::picture::{PixelChannels, Preprocess, read_photo};
use xai_cli::command_line::{Outcome, failure};

use super::frame::{Frame, frame};
use super::given::{Given, Shown};
use crate::args::{Crop, PhotoArgs, Preset};
use crate::model::Wanted;

/// How photos become the network's input.
pub(crate) struct Trained {
    pub(crate) preprocess: Preprocess,
    /// The network takes channels as its last axis; inputs have them in front of rows and columns.
    pub(crate) channels_last: bool,
    /// Its rows or columns were assumed.
    pub(crate) assumed: bool,
    channels: PixelChannels,
    /// The same in words.
    how: String,
    /// What was assumed.
    pub(crate) notes: Vec<String>,
}

impl Trained {
    /// As the file and the command line say, and as is usual.
    pub(crate) fn new(wanted: &Wanted, args: &PhotoArgs) -> Outcome<Self> {
        let Frame { size: [rows, columns], channels, last, assumed, mut notes } = frame(wanted, args)?;
        for (option, numbers) in [("--mean", &args.mean), ("--std", &args.std)] {
            let count = channels.count();
            if let Some(numbers) = numbers.as_ref().filter(|numbers| ![1, count].contains(&numbers.0.len())) {
                return Err(failure(format!(
                    "{option} {numbers}: it is one number, or one for each of {count} channels, which {wanted} has"
                )));
            }
        }
        let usual = match (wanted.usual, wanted.whole, channels) {
            (Some(known), ..) => known,
            (None, true, _) => Preset::Raw,
            (None, false, PixelChannels::Gray) => Preset::Unit,
            _ => Preset::Imagenet,
        };
        let preset = args.preprocess.unwrap_or(usual);
        if args.preprocess.is_none()
            && args.mean.is_none()
            && args.std.is_none()
            && !wanted.whole
            && wanted.usual.is_none()
        {
            let name = name(usual);
            notes.push(format!("the file does not say how pixels are scaled: --preprocess {name} is taken"));
        }
        let preprocess = scaled(preset, [rows, columns], channels, args).channels(channels);
        let how = format!("a photo at {rows}x{columns}, scaled as {}", name(preset));
        Ok(Trained { preprocess, channels_last: last, assumed, channels, how, notes })
    }

    /// The shape of one input, channels in front of rows and columns.
    pub(crate) fn shape(&self) -> Vec<usize> {
        let [rows, columns] = self.preprocess.size().map(|side| side as usize);
        vec![1, self.channels.count(), rows, columns]
    }
}

/// Reads a photo, and crops, resizes and scales it as the network was trained.
pub(super) fn read(path: &Path, wanted: &Wanted, args: &PhotoArgs) -> Outcome<Given> {
    let Trained { preprocess, channels_last, assumed, how, notes, .. } = Trained::new(wanted, args)?;
    let photo = read_photo(path)?;
    let failed = |error: xai::Error| failure(format!("{}: {error}", path.display()));
    let seen = preprocess.photo(&photo).map_err(failed)?;
    let numbers = Arc::new(preprocess.input::<f32>(&seen).map_err(failed)?.into_dyn());
    Ok(Given { numbers, mean: None, shown: Shown::Photo(seen), channels_last, assumed, how, notes })
}

/// What is done to pixels, without the layout.
fn scaled(preset: Preset, [rows, columns]: [u32; 2], channels: PixelChannels, args: &PhotoArgs) -> Preprocess {
    let mut scaled = match preset {
        Preset::Imagenet => Preprocess::imagenet(rows, columns),
        Preset::Tf => Preprocess::tf(rows, columns),
        Preset::Unit => Preprocess::unit(rows, columns),
        Preset::Raw => Preprocess::raw(rows, columns),
        Preset::Lite => Preprocess::raw(rows, columns).crop(7.0 / 8.0).mean([127.0]).std([128.0]),
    };
    if preset == Preset::Imagenet {
        // The preset's numbers are those of red, green and blue; numbers are given in the network's order.
        scaled = match channels {
            PixelChannels::Bgr => scaled.mean([0.406, 0.456, 0.485]).std([0.225, 0.224, 0.229]),
            PixelChannels::Gray => scaled.mean([0.449]).std([0.226]),
            _ => scaled,
        };
    }
    if let Some(mean) = &args.mean {
        scaled = scaled.mean(mean.0.clone());
    }
    if let Some(std) = &args.std {
        scaled = scaled.std(std.0.clone());
    }
    match args.crop {
        Some(Crop::Share(share)) => scaled.crop(share),
        Some(Crop::Stretched) => scaled.stretched(),
        None => scaled,
    }
}

/// The shape of an input that a photo fills, as the network takes it.
pub(crate) fn photo_shape(wanted: &Wanted, args: &PhotoArgs) -> Outcome<Vec<usize>> {
    let Frame { size, channels, last, .. } = frame(wanted, args)?;
    let [rows, columns] = size.map(|side| side as usize);
    Ok(if last { vec![1, rows, columns, channels.count()] } else { vec![1, channels.count(), rows, columns] })
}

fn name(preset: Preset) -> &'static str {
    match preset {
        Preset::Imagenet => "imagenet",
        Preset::Tf => "tf",
        Preset::Unit => "unit",
        Preset::Raw => "raw",
        Preset::Lite => "lite",
    }
}
