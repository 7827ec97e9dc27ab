//! What explains photos: the stage in the middle.

use ndarray::{ArrayD, Axis, IxDyn, concatenate};
use xai::Explanation;
use xai::picture::Preprocess;
use xai::picture::image::RgbImage;

use crate::classes::Class;
use crate::command_line::Outcome;
use crate::pipeline::Numbered;

/// What explains photos: a network with a method, [`OfModel`](super::OfModel) for any that is at hand.
pub trait Explains {
    /// What the results depend on, in a line: results that were made in another way are not mixed with them.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn settings(&self) -> Outcome<String>;

    /// What the method is called over the heatmaps.
    fn title(&self) -> String {
        "Why".into()
    }

    /// What photos become for the network.
    fn preprocess(&self) -> &Preprocess;

    /// Asks the method whether it takes the network and one photo, before anything is read or written.
    ///
    /// # Errors
    /// The method's.
    fn check(&self) -> Outcome<()> {
        Ok(())
    }

    /// Explains each photo of a batch, (photos, channels, rows, columns).
    ///
    /// # Errors
    /// The method's, the network's.
    fn explain(&self, input: ArrayD<f32>) -> Outcome<Vec<Explained>>;

    /// An error of [`explain`](Explains::explain) in words.
    fn words(&self, error: &(dyn std::error::Error + 'static)) -> String {
        error.to_string()
    }
}

/// FNV-1a of bytes: whether what results depend on is what it was last time.
pub fn mark(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |mark, &byte| (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What was found of one photo.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Of a batch of one.
    pub explanation: Explanation<f32, IxDyn>,
    /// What is explained.
    pub class: Class,
}

/// A photo as the network sees it, and its input.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) photo: RgbImage,
    /// Of the photo's bytes.
    pub(super) mark: String,
    pub(super) input: ArrayD<f32>,
}

/// A photo with what was found of it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) photo: RgbImage,
    /// Of the photo's bytes.
    pub(super) mark: String,
    pub(super) explained: Explained,
}

/// Explains each photo; of those that cannot be explained `failed` is told why.
pub(super) fn each(
    explains: &impl Explains,
    photos: Vec<Numbered<Seen>>,
    failed: &impl Fn(usize, String),
) -> Vec<Numbered<Found>> {
    let inputs: Vec<_> = photos.iter().map(|(_, seen)| seen.input.view()).collect();
    let found = concatenate(Axis(0), &inputs).map_err(Into::into).and_then(|input| explains.explain(input));
    match found {
        Ok(found) => {
            let together = |((job, Seen { photo, mark, .. }), explained): (Numbered<Seen>, _)| {
                (job, Found { photo, mark, explained })
            };
            photos.into_iter().zip(found).map(together).collect()
        }
        // One of them stands in the way of the others.
        Err(_) if photos.len() > 1 => {
            photos.into_iter().flat_map(|photo| each(explains, vec![photo], failed)).collect()
        }
        Err(why) => {
            photos.iter().for_each(|(job, _)| failed(*job, explains.words(&*why)));
            Vec::new()
        }
    }
}
