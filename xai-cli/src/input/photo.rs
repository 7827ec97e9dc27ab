//! A photo as the network's input.

use std::path::Path;

use xai::picture::{PixelChannels, Preprocess, read_photo};
use xai_cli::command_line::{Outcome, failure};

use super::frame::{Frame, frame};
use super::{Given, Shown};
use crate::args::{Crop, PhotoArgs, Preset};
use crate::model::Wanted;

/// Reads a photo, and crops, resizes and scales it as the network was trained.
pub(super) fn read(path: &Path, wanted: &Wanted, args: &PhotoArgs) -> Outcome<Given> {
    let Frame { size: [rows, columns], channels, last, mut notes } = frame(wanted, args)?;
    let usual = match (wanted.whole, channels) {
        (true, _) => Preset::Raw,
        (false, PixelChannels::Gray) => Preset::Unit,
        _ => Preset::Imagenet,
    };
    let preset = args.preprocess.unwrap_or(usual);
    if args.preprocess.is_none() && args.mean.is_none() && args.std.is_none() && !wanted.whole {
        let name = name(usual);
        notes.push(format!("the file does not say how pixels are scaled: --preprocess {name} is taken"));
    }
    let trained = scaled(preset, [rows, columns], channels, args).channels(channels);
    let photo = read_photo(path)?;
    let failed = |error: xai::Error| failure(format!("{}: {error}", path.display()));
    let seen = trained.photo(&photo).map_err(failed)?;
    let numbers = trained.input::<f32>(&seen).map_err(failed)?.into_dyn();
    let how = format!("a photo at {rows}x{columns}, scaled as {}", name(preset));
    Ok(Given { numbers, shown: Shown::Photo(seen), channels_last: last, how, notes })
}

/// What is done to pixels, without the layout.
fn scaled(preset: Preset, [rows, columns]: [u32; 2], channels: PixelChannels, args: &PhotoArgs) -> Preprocess {
    let mut scaled = match preset {
        Preset::Imagenet => Preprocess::imagenet(rows, columns),
        Preset::Tf => Preprocess::tf(rows, columns),
        Preset::Unit => Preprocess::unit(rows, columns),
        Preset::Raw => Preprocess::raw(rows, columns),
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
    }
}
