//! What explains photos: the stage in the middle.

use ndarray::{ArrayD, Axis, IxDyn, concatenate};
use xai::Explanation;
use xai::picture::Preprocess;
use xai::picture::image::RgbImage;

use crate::classes::Class;
use crate::command_line::Outcome;
use crate::pipeline::Numbered;

/// What explains photos: a network with a method, [`OfModel`](super::OfModel) for any that is at hand.
///
/// ```
/// use ndarray::ArrayD;
/// use xai::nn::{AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::picture::Preprocess;
/// use xai::{Analyzer, Gradient, Index, NdArray};
/// use xai_cli::classes::{Ending, Scores};
/// use xai_cli::command_line::Outcome;
/// use xai_cli::runner::{Explained, Explains};
///
/// /// How red a photo is, by its mean.
/// struct Red(Sequential<NdArray>, Preprocess);
///
/// impl Explains for Red {
///     fn settings(&self) -> Outcome<String> {
///         Ok("red, the first way".into())
///     }
///
///     fn preprocess(&self) -> &Preprocess {
///         &self.1
///     }
///
///     fn explain(&self, input: ArrayD<f32>) -> Outcome<Vec<Explained>> {
///         let all = Gradient.analyze(&self.0, &input, Index(0))?;
///         let of_photo = |photo| {
///             let explanation = all.sample(photo)?;
///             let class = Scores::new(&explanation.output, Ending::Scores, None)?.at(&[0]).ok_or("no class")?;
///             Ok(Explained { explanation, class })
///         };
///         (0..input.shape()[0]).map(of_photo).collect()
///     }
/// }
///
/// let mean = Sequential::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
/// let found = Red(mean, Preprocess::unit(2, 2)).explain(ArrayD::ones(vec![3, 3, 2, 2]))?;
/// assert_eq!((found.len(), found[0].class.score), (3, 1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use xai_cli::runner::mark;
///
/// assert_eq!(mark(b""), 0xcbf2_9ce4_8422_2325);
/// assert_ne!(mark(b"the weights"), mark(b"other weights"));
/// ```
pub fn mark(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |mark, &byte| (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What was found of one photo.
///
/// ```
/// use ndarray::ArrayD;
/// use xai::nn::{AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::picture::Preprocess;
/// use xai::{Gradient, NdArray};
/// use xai_cli::runner::{Explained, Explains, OfModel};
///
/// let net = Sequential::<NdArray>::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
/// let of_model = OfModel::new(&net, &Gradient, Preprocess::unit(2, 2)).class(2);
/// let found: Vec<Explained> = of_model.explain(ArrayD::ones(vec![1, 3, 2, 2]))?;
/// assert_eq!((found[0].class.index[0], found[0].class.score), (2, 1.0));
/// // The mean of four pixels.
/// assert_eq!(found[0].explanation.values[[0, 2, 0, 0]], 0.25);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
