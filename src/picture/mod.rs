//! Explanations as pictures: heatmaps, overlays on a photo, bars, lines, matrices, and panels of captioned tiles; the
//! curves of metrics.
//!
//! ```
//! use image::RgbImage;
//! use ndarray::{Array4, array};
//! use xai::picture::{Heatmap, Panel};
//! # use xai::{Explanation, Extras, Kind, Selection};
//! # let output = array![[0.1f32, 0.7]].into_dyn();
//! # let selection = Selection::new(vec![vec![1]], output.shape())?;
//! # let cam = Array4::from_shape_fn((1, 1, 7, 7), |(_, _, i, j)| (i * j) as f32);
//! # let why = Explanation::new(cam, output, selection, "GradCam", Kind::Cam, Extras::default());
//! # let photo = RgbImage::new(224, 224);
//! // `why`: any explanation with values of shape (B, C, H, W). One heatmap for each sample.
//! for heatmap in Heatmap::of(&why)? {
//!     let panel = Panel::new().photo("Photo", &photo).overlay(&why.analyzer, &heatmap, &photo);
//!     let picture: RgbImage = panel.render()?;
//!     // or panel.save("why.png")?;
//! # assert!(picture.width() > 448);
//! }
//! # Ok::<(), xai::Error>(())
//! ```
//!
//! # From values to colours
//! 1. The channels of a pixel become one number ([`Channels`]).
//! 2. One side of zero is kept, or both ([`Sign`]).
//! 3. Divided by a scale, and clipped: the scale is the smallest magnitude such that all magnitudes up to it add up to
//!    at least 100 - `outliers` percent of the sum of all. Zero stays zero.
//! 4. Coloured ([`Colors`]): 0 to 1, or -1 to 1 where both signs are kept, so that zero has the middle colour.
//!
//! | [`Kind`](crate::Kind) | channels | sign | outliers | colours | after |
//! |---|---|---|---|---|---|
//! | sensitivity | the largest magnitude | (none left) | 2 % | inferno | Simonyan et al. 2014, section 3.1 |
//! | importance | the largest magnitude | (none left) | 2 % | inferno | as a sensitivity, without a sign too |
//! | attribution | the sum | both | 10 % | blue, white, red | Captum's `visualize_image_attr`, ExplainableAI.jl |
//! | cam | the sum (there is one) | positive | 0 % | turbo, over the photo | Selvaraju et al. 2017 |
//!
//! A sum over channels keeps completeness: what a pixel contributed is what its channels contributed together. Where
//! features have all channels of a pixel, as windows and segments, their value is shown, once. For
//! sensitivities it would let opposite channels cancel. The scale by summed magnitude (as Captum's) does not vanish
//! when few pixels carry all, as a scale by rank would. Attributions have the heavier tails, so they clip more.

mod bars;
mod blend;
mod caption;
mod colors;
mod curves;
mod heatmap;
mod line;
mod matrix;
mod panel;
mod photo;
mod preprocess;
mod scale;
mod style;
mod tile;
mod values;

pub use self::bars::Bars;
pub use self::colors::Colors;
pub use self::curves::Curves;
pub use self::heatmap::Heatmap;
pub use self::line::Line;
pub use self::matrix::Matrix;
pub use self::panel::Panel;
pub use self::photo::{decode_photo, read_photo};
pub use self::preprocess::{PixelChannels, Preprocess};
pub use self::style::{Channels, Sign, Style};

/// The image crate that these pictures are made of.
pub use image;
