//! From a file to the network's input, and from its explanation to a picture.

use std::path::Path;
use std::sync::Arc;

use ndarray::ArrayD;
use xai::Kind;
use xai::picture::image::RgbImage;
use xai::picture::{Heatmap, Panel, Preprocess, read_photo};

use super::explained::Explained;

/// How files become the network's input, and what people see of them. Several threads do so at the same time.
///
/// [`Preprocess`] sees photos so.
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use ndarray::{ArrayD, arr1};
/// use xai_cli::runner::{Explained, Seen, Sees};
///
/// /// How long files are; nobody wants a picture of that.
/// struct Lengths;
///
/// impl Sees for Lengths {
///     type Shown = ();
///
///     fn read(&self, path: &Path) -> Result<Seen<()>, String> {
///         let bytes = std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
///         Ok(Seen { input: Arc::new(ArrayD::from_elem(vec![1, 1], bytes.len() as f32)), shown: () })
///     }
///
///     fn picture(&self, _: &(), _: &Explained, _: &str) -> xai::Result<Option<Vec<u8>>> {
///         Ok(None)
///     }
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("a.txt");
/// // `file`: one of three bytes.
/// std::fs::write(&file, "abc")?;
/// assert_eq!(Lengths.read(&file)?.input[[0, 0]], 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Sees: Sync {
    /// What is kept of a file for its picture.
    type Shown: Send;

    /// Reads a file.
    ///
    /// # Errors
    /// Why it cannot be read, with the file's name, for people.
    fn read(&self, path: &Path) -> Result<Seen<Self::Shown>, String>;

    /// A PNG of what was found, under this title; none where it has no picture.
    ///
    /// # Errors
    /// Values that cannot be drawn and should be.
    fn picture(&self, shown: &Self::Shown, found: &Explained, title: &str) -> xai::Result<Option<Vec<u8>>>;
}

/// A file as the network sees it.
///
/// ```
/// use xai::picture::Preprocess;
/// use xai_cli::runner::{Seen, Sees};
///
/// # let folder = tempfile::tempdir()?;
/// # let photo = folder.path().join("a.png");
/// # image::RgbImage::new(9, 6).save(&photo)?;
/// // `photo`: a PNG.
/// let Seen { input, shown } = Preprocess::unit(4, 4).read(&photo)?;
/// assert_eq!((input.shape(), shown.dimensions()), (&[1, 3, 4, 4][..], (4, 4)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Seen<S> {
    /// The network's input, of a batch of one.
    pub input: Arc<ArrayD<f32>>,
    /// What is kept for the picture.
    pub shown: S,
}

impl Sees for Preprocess {
    type Shown = RgbImage;

    fn read(&self, path: &Path) -> Result<Seen<RgbImage>, String> {
        let photo = read_photo(path).map_err(|error| error.to_string())?;
        let failed = |error: xai::Error| format!("{}: {error}", path.display());
        let shown = self.photo(&photo).map_err(failed)?;
        let input = Arc::new(self.input(&shown).map_err(failed)?.into_dyn());
        Ok(Seen { input, shown })
    }

    fn picture(&self, shown: &RgbImage, found: &Explained, title: &str) -> xai::Result<Option<Vec<u8>>> {
        photo_and_map(shown, found, title).map(Some)
    }
}

/// A PNG: the photo, and the map over it or beside it, under what the network says.
///
/// ```
/// use ndarray::ArrayD;
/// use xai::nn::{AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::picture::Preprocess;
/// use xai::picture::image::RgbImage;
/// use xai::{Gradient, NdArray};
/// use xai_cli::runner::{Explains, OfModel, photo_and_map};
///
/// let net = Sequential::<NdArray>::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
/// let found = OfModel::new(&net, &Gradient, Preprocess::unit(8, 8)).explain(ArrayD::ones(vec![1, 3, 8, 8]))?;
/// assert!(photo_and_map(&RgbImage::new(8, 8), &found[0], "Gradient")?.starts_with(b"\x89PNG"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Values that are no map.
pub fn photo_and_map(photo: &RgbImage, found: &Explained, title: &str) -> xai::Result<Vec<u8>> {
    let Explained { explanation: why, class } = found;
    let panel = Panel::new().columns(2).title(format!("{} · {}", class.short(), class.opinion()));
    let panel = panel.photo("Photo", photo);
    let map = Heatmap::of(why)?.pop().ok_or_else(|| xai::Error::backend("picture", "there is no sample"))?;
    match why.kind {
        Kind::Cam => panel.overlay(title, &map, photo),
        _ => panel.heatmap(title, &map),
    }
    .encode()
}
