//! What explains: the stage in the middle.

use ndarray::{ArrayD, Axis, concatenate};

use super::explained::Explained;
use super::sees::{Seen, Sees};
use crate::command_line::Outcome;
use crate::pipeline::Numbered;

/// What explains photos, or other files: a network with a method, [`OfModel`](super::OfModel) for any that is at hand.
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
///     type Sees = Preprocess;
///
///     fn settings(&self) -> Outcome<String> {
///         Ok("red, the first way".into())
///     }
///
///     fn sees(&self) -> &Preprocess {
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
    /// What reads files and draws what was found: of photos [`Preprocess`](xai::picture::Preprocess).
    type Sees: Sees;

    /// What the results depend on, in a line: results that were made in another way are not mixed with them.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn settings(&self) -> Outcome<String>;

    /// What the method is called over the heatmaps.
    fn title(&self) -> String {
        "Why".into()
    }

    /// How files become the network's input.
    fn sees(&self) -> &Self::Sees;

    /// Asks the method whether it takes the network and one input, before anything is read or written.
    ///
    /// # Errors
    /// The method's.
    fn check(&self) -> Outcome<()> {
        Ok(())
    }

    /// Explains each sample of a batch, of photos (photos, channels, rows, columns).
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

/// A file that was read.
#[derive(Debug)]
pub(super) struct Opened<S> {
    /// Of the file's bytes.
    pub(super) mark: String,
    pub(super) seen: Seen<S>,
}

/// A file with what was found of it.
#[derive(Debug)]
pub(super) struct Found<S> {
    pub(super) shown: S,
    /// Of the file's bytes.
    pub(super) mark: String,
    pub(super) explained: Explained,
}

/// Explains each file; of those that cannot be explained `failed` is told why.
pub(super) fn each<S>(
    explains: &impl Explains,
    files: Vec<Numbered<Opened<S>>>,
    failed: &impl Fn(usize, String),
) -> Vec<Numbered<Found<S>>> {
    let inputs: Vec<_> = files.iter().map(|(_, opened)| opened.seen.input.view()).collect();
    let found = concatenate(Axis(0), &inputs).map_err(Into::into).and_then(|input| explains.explain(input));
    match found {
        Ok(found) => {
            let together = |((job, Opened { mark, seen }), explained): (Numbered<Opened<S>>, _)| {
                (job, Found { shown: seen.shown, mark, explained })
            };
            files.into_iter().zip(found).map(together).collect()
        }
        // One of them stands in the way of the others, or they are not of one length.
        Err(_) if files.len() > 1 => files.into_iter().flat_map(|file| each(explains, vec![file], failed)).collect(),
        Err(why) => {
            files.iter().for_each(|(job, _)| failed(*job, explains.words(&*why)));
            Vec::new()
        }
    }
}
