//! One sample's values as a picture.

use image::{RgbImage, imageops};
use ndarray::{Array2, ArrayBase, ArrayView3, ArrayView4, Axis, CowArray, Data, Ix3, Ix4};

use super::blend::blend;
use super::scale::scale;
use super::values::only;
use super::{Channels, Colors, Sign, Style};
use crate::{Dims, Element, Error, Explanation, Result};

/// More than a photo has.
const MOST_PIXELS: u64 = 1 << 27;

/// One sample's values, one number per pixel, ready to be coloured.
///
/// See the [module's](super) docs for the way from values to colours.
///
/// ```
/// use ndarray::{Array3, array};
/// use xai::Kind;
/// use xai::picture::{Heatmap, Style};
///
/// let values = Array3::from_shape_fn((3, 8, 8), |(channel, i, j)| (channel + i * j) as f32 - 20.0);
/// let map = Heatmap::new(&values, &Style::of(Kind::Attribution))?;
/// assert_eq!(map.image().dimensions(), (8, 8));
///
/// // One channel of two pixels: strengths are shares of the scale, and what is coloured.
/// let map = Heatmap::new(&array![[[2.0, -4.0]]], &Style::of(Kind::Attribution))?;
/// assert_eq!((map.scale(), map.strength(), map.is_signed()), (4.0, &array![[0.5, -1.0]], true));
/// assert_eq!((map.image()[(0, 0)], map.image()[(1, 0)]), (map.color(0.5), map.color(-1.0)));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[doc(alias("visualize_image_attr"))]
pub struct Heatmap {
    strength: Array2<f64>,
    scale: f64,
    sign: Sign,
    colors: Colors,
}

impl Heatmap {
    /// A heatmap for each sample of an explanation, of an array or of a framework's tensor, in the style of its kind.
    ///
    /// Where features were explained that have all channels of a pixel (windows, segments), the colours are of the
    /// feature's value, which stands at each channel, not of the sum over them.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the values are not (B, C, H, W) or have no element, and
    /// [`Error::InvalidParameter`] when one of them is NaN or infinite, or when several inputs were explained; the
    /// framework's own, of a tensor that cannot be read.
    pub fn of<E: Element, D: Dims<E>>(explanation: &Explanation<E, D>) -> Result<Vec<Heatmap>> {
        let (values, style) = (values(explanation)?, Style::of(explanation.kind));
        let grouped = explanation.extras.feature_values.is_some() && channels_agree(values.view());
        let style = if grouped { style.channels(Channels::Mean) } else { style };
        Heatmap::drawn(values.view(), &style, &explanation.analyzer)
    }

    /// A heatmap for each sample of an explanation, in a style of your own.
    ///
    /// # Errors
    /// As [`Heatmap::of`], and [`Error::InvalidParameter`] for outliers outside 0 to 100 percent.
    ///
    /// ```
    /// use ndarray::array;
    /// use xai::picture::{Colors, Heatmap, Sign, Style};
    /// use xai::{Explanation, Extras, Kind, Selection};
    ///
    /// # let (output, selection) = (array![[1.0]].into_dyn(), Selection::from(vec![vec![0]]));
    /// let values = array![[[[4.0, -1.0]]]];
    /// let why = Explanation::new(values, output, selection, "Mine", Kind::Attribution, Extras::default());
    /// let magnitudes = Style::of(why.kind).sign(Sign::Absolute).colors(Colors::Viridis);
    /// let map = &Heatmap::styled(&why, &magnitudes)?[0];
    /// assert_eq!((map.strength(), map.is_signed()), (&array![[1.0, 0.25]], false));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn styled<E: Element, D: Dims<E>>(explanation: &Explanation<E, D>, style: &Style) -> Result<Vec<Heatmap>> {
        Heatmap::drawn(values(explanation)?.view(), style, &explanation.analyzer)
    }

    fn drawn<E: Element>(batch: ArrayView4<'_, E>, style: &Style, analyzer: &str) -> Result<Vec<Heatmap>> {
        let draw = |(sample, values)| Heatmap::draw(values, style, &format!("sample {sample} of {analyzer}"));
        batch.axis_iter(Axis(0)).enumerate().map(draw).collect()
    }

    /// A heatmap of one sample's values (C, H, W), wherever they come from.
    ///
    /// # Errors
    /// As [`Heatmap::styled`].
    pub fn new<E: Element, S: Data<Elem = E>>(values: &ArrayBase<S, Ix3>, style: &Style) -> Result<Heatmap> {
        Heatmap::draw(values.view(), style, "values")
    }

    fn draw<E: Element>(values: ArrayView3<'_, E>, style: &Style, what: &str) -> Result<Heatmap> {
        style.check()?;
        if values.is_empty() || values.shape().iter().any(|&n| u32::try_from(n).is_err()) {
            return Err(not_drawable(what, values.shape(), "there is nothing to draw, or more than a picture holds"));
        }
        if let Some(((channel, row, column), value)) = values.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(Error::InvalidParameter {
                name: "values",
                value: value.to_string(),
                reason: format!(
                    "channel {channel}, row {row}, column {column} of {what} has no colour; \
                     check the model's weights and its input"
                ),
            });
        }
        let pixel = |channels: ndarray::ArrayView1<'_, E>| {
            style.sign.keep(style.channels.reduce(channels.iter().map(|v| v.as_f64())))
        };
        let pixels = values.map_axis(Axis(0), pixel);
        let scale = scale(pixels.iter(), style.outliers);
        let strength = pixels.mapv(|v| if scale == 0.0 { 0.0 } else { (v / scale).clamp(-1.0, 1.0) });
        Ok(Heatmap { strength, scale, sign: style.sign, colors: style.colors })
    }

    /// The strength of each pixel (H, W): from 0 to 1, or from -1 to 1 where both signs are shown.
    pub fn strength(&self) -> &Array2<f64> {
        &self.strength
    }

    /// The magnitude that has strength 1, in the values' own units. Zero when all values are.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// True where both signs are shown, so that strengths run from -1 to 1.
    pub fn is_signed(&self) -> bool {
        self.sign == Sign::Both
    }

    /// The colour of a strength. Colours with zero in their middle keep it there, also where one side alone is shown.
    ///
    /// ```
    /// use image::Rgb;
    /// use ndarray::array;
    /// use xai::Kind;
    /// use xai::picture::{Heatmap, Style};
    ///
    /// let map = Heatmap::new(&array![[[2.0, -4.0]]], &Style::of(Kind::Attribution))?;
    /// let (Rgb([red, _, blue]), Rgb([less_red, _, more_blue])) = (map.color(1.0), map.color(-1.0));
    /// assert!(red > blue && more_blue > less_red);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn color(&self, strength: f64) -> image::Rgb<u8> {
        self.colors.at(match self.sign {
            Sign::Both => f64::midpoint(strength, 1.0),
            Sign::Negative if self.colors.is_diverging() => f64::midpoint(-strength, 1.0),
            _ if self.colors.is_diverging() => f64::midpoint(strength, 1.0),
            _ => strength,
        })
    }

    /// The coloured picture, one pixel for each of the values'.
    pub fn image(&self) -> RgbImage {
        let (height, width) = self.size();
        let strength = |x, y| self.strength.get((y as usize, x as usize)).copied().unwrap_or_default();
        RgbImage::from_fn(width, height, |x, y| self.color(strength(x, y)))
    }

    /// The heatmap resized smoothly to another size, pixel areas aligned: strengths are interpolated, not colours.
    ///
    /// Cubic (Catmull-Rom), so that the strength at the centre of an enlarged pixel is that pixel's; a smaller size is
    /// antialiased. No strength comes out that is not between the weakest and the strongest that there are.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a size of zero, or of more than 134 million pixels, also on the way.
    ///
    /// ```
    /// use ndarray::array;
    /// use xai::Kind;
    /// use xai::picture::{Heatmap, Style};
    ///
    /// let map = Heatmap::new(&array![[[2.0, -4.0]]], &Style::of(Kind::Attribution))?;
    /// let wide = map.resized(6, 2)?;
    /// assert_eq!((wide.strength().dim(), wide.scale()), ((2, 6), 4.0));
    /// // The middle of the three pixels that the first one has become.
    /// assert!((wide.strength()[[0, 1]] - 0.5).abs() < 1e-5);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn resized(&self, width: u32, height: u32) -> Result<Heatmap> {
        if width == 0 || height == 0 {
            return Err(Error::InvalidParameter {
                name: "size",
                value: format!("{width} x {height}"),
                reason: "a picture has at least one pixel".into(),
            });
        }
        let (rows, columns) = self.size();
        // It resizes the rows first: a map that is wide is turned, so that less is held on the way.
        let area = |a: u32, b: u32| u64::from(a) * u64::from(b);
        if area(columns, height) > area(rows, width) && area(rows, width) < MOST_PIXELS {
            let turned = Heatmap { strength: self.strength.t().to_owned(), ..*self };
            if area(turned.size().1, width) < area(columns, height) {
                let resized = turned.resized(height, width)?;
                return Ok(Heatmap { strength: resized.strength.reversed_axes(), ..*self });
            }
        }
        if area(width, height).max(area(columns, height)) > MOST_PIXELS {
            return Err(Error::InvalidParameter {
                name: "size",
                value: format!("{width} x {height}"),
                reason: format!("from {columns} x {rows} that takes more than {MOST_PIXELS} pixels"),
            });
        }
        let range = |pick: fn(f64, f64) -> f64| self.strength.iter().copied().reduce(pick).unwrap_or(0.0);
        let (weakest, strongest) = (range(f64::min), range(f64::max));
        // The resizer clips to 0..1, so a signed strength makes the way there and back.
        #[allow(clippy::cast_possible_truncation)]
        let numbers = self.strength.iter().map(|&s| f64::midpoint(s, 1.0) as f32).collect();
        let small = image::ImageBuffer::<image::Luma<f32>, Vec<f32>>::from_raw(columns, rows, numbers);
        let small = small.ok_or_else(|| not_drawable("heatmap", self.strength.shape(), "it does not fit a picture"))?;
        let large = imageops::resize(&small, width, height, imageops::FilterType::CatmullRom);
        let strength = Array2::from_shape_fn((height as usize, width as usize), |(y, x)| {
            #[allow(clippy::cast_possible_truncation)]
            let number = large.get_pixel(x as u32, y as u32).0[0];
            (2.0 * f64::from(number) - 1.0).clamp(weakest, strongest)
        });
        Ok(Heatmap { strength, ..*self })
    }

    /// The photo under the heatmap, which is resized smoothly to the photo: (1 - opacity) · photo + opacity · colour.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for an opacity outside 0 to 1 or an empty photo.
    ///
    /// ```
    /// use image::RgbImage;
    /// use ndarray::array;
    /// use xai::Kind;
    /// use xai::picture::{Heatmap, Style};
    ///
    /// let map = Heatmap::new(&array![[[2.0, -4.0]]], &Style::of(Kind::Attribution))?;
    /// let photo = RgbImage::new(2, 1);
    /// assert_eq!((map.overlay(&photo, 0.0)?, map.overlay(&photo, 1.0)?), (photo, map.image()));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn overlay(&self, photo: &RgbImage, opacity: f64) -> Result<RgbImage> {
        if !(0.0..=1.0).contains(&opacity) {
            return Err(Error::InvalidParameter {
                name: "opacity",
                value: opacity.to_string(),
                reason: "0 shows only the photo, 1 only the heatmap".into(),
            });
        }
        let over = self.resized(photo.width(), photo.height())?.image();
        let mut out = photo.clone();
        for (under, over) in out.pixels_mut().zip(over.pixels()) {
            *under = blend(*under, *over, opacity);
        }
        Ok(out)
    }

    /// Rows and columns; [`Heatmap::draw`] and [`Heatmap::resized`] let none through that is too large.
    #[allow(clippy::cast_possible_truncation)]
    fn size(&self) -> (u32, u32) {
        let (rows, columns) = self.strength.dim();
        (rows as u32, columns as u32)
    }
}

fn values<E: Element, D: Dims<E>>(explanation: &Explanation<E, D>) -> Result<CowArray<'_, E, Ix4>> {
    only(explanation, "a picture needs (samples, channels, rows, columns)")
}

/// Whether all channels of every pixel have the same value.
fn channels_agree<E: Element>(values: ArrayView4<'_, E>) -> bool {
    let mut channels = values.axis_iter(Axis(1));
    channels.next().is_none_or(|first| channels.all(|other| other == first))
}

fn not_drawable(what: &str, shape: &[usize], reason: &str) -> Error {
    Error::InvalidShape { what: what.to_owned(), got: shape.to_vec(), reason: reason.to_owned() }
}
