//! Captioned pictures side by side, in one picture.

use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, Rgb, RgbImage};

use super::caption::Pen;
use super::tile::{Content, Pens, Room, Tile};
use super::{Heatmap, Matrix};
use crate::disk::Draft;
use crate::{Error, Result};

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb<u8> = Rgb([34, 34, 34]);
const FAINT: Rgb<u8> = Rgb([95, 95, 95]);
const MARGIN: u32 = 24;
const GAP: u32 = 22;
const SMALLEST_TILE: u32 = 224;
const LARGEST_SIDE: u64 = 32_768;

/// Captioned pictures side by side, in one picture: the photo, and a heatmap for every analyzer.
///
/// All tiles get the size of the largest picture, at least 224 pixels wide; a smaller picture is enlarged by a whole
/// factor, so that its pixels stay sharp, and centred. Under a heatmap a bar of its colours tells the values that
/// they stand for.
///
/// ```
/// use image::RgbImage;
/// use ndarray::{Array3, array};
/// use xai::Kind;
/// use xai::picture::{Heatmap, Matrix, Panel, Style};
///
/// let values = Array3::<f32>::from_shape_fn((3, 28, 28), |(c, i, j)| c as f32 - 1.0 + (i * j) as f32);
/// let heatmap = Heatmap::new(&values, &Style::of(Kind::Attribution))?;
/// let matrix = Matrix::new(&array![[0.9, 0.1], [0.5, 0.5]], &Style::of(Kind::Importance))?;
/// let photo = RgbImage::new(28, 28);
/// let panel = Panel::new()
///     .title("A digit")
///     .subtitle("What two analyzers say of it")
///     .columns(2)
///     .opacity(0.7)
///     .photo("Photo", &photo)
///     .heatmap("My analyzer", &heatmap)
///     .overlay("The same over the photo", &heatmap, &photo)
///     .matrix("Attention", &matrix);
/// // Two tiles side by side, the gap between them, and the margins.
/// assert_eq!(panel.render()?.width(), 2 * 224 + 22 + 2 * 24);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a panel is drawn by `render`, `encode` or `save`"]
pub struct Panel {
    title: Option<String>,
    subtitle: Option<String>,
    columns: usize,
    opacity: f64,
    tiles: Vec<Tile>,
}

impl Default for Panel {
    fn default() -> Self {
        Panel { title: None, subtitle: None, columns: 3, opacity: 0.5, tiles: Vec::new() }
    }
}

impl Panel {
    /// An empty panel of three columns.
    pub fn new() -> Self {
        Panel::default()
    }

    /// Sets the headline.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the line under the headline.
    pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
        self.subtitle = Some(subtitle.into());
        self
    }

    /// Sets how many tiles stand side by side.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns;
        self
    }

    /// Sets the opacity of the heatmaps that lie over a photo: 0.5 unless set.
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = opacity;
        self
    }

    /// Adds a picture as it is.
    pub fn photo(self, caption: impl Into<String>, photo: &RgbImage) -> Self {
        self.tile(caption, Content::Photo(photo.clone()))
    }

    /// Adds a heatmap, with a legend.
    pub fn heatmap(self, caption: impl Into<String>, heatmap: &Heatmap) -> Self {
        self.tile(caption, Content::Heatmap(heatmap.clone()))
    }

    /// Adds a heatmap over a photo, resized smoothly to it, with a legend.
    pub fn overlay(self, caption: impl Into<String>, heatmap: &Heatmap, photo: &RgbImage) -> Self {
        self.tile(caption, Content::Overlay(heatmap.clone(), photo.clone()))
    }

    /// Adds a matrix, with the names of its rows and columns and a legend.
    pub fn matrix(self, caption: impl Into<String>, matrix: &Matrix) -> Self {
        self.tile(caption, Content::Matrix(matrix.clone()))
    }

    fn tile(mut self, caption: impl Into<String>, content: Content) -> Self {
        self.tiles.push(Tile { caption: caption.into(), content });
        self
    }

    /// Draws the panel.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there is no tile or no column, when the panel would be larger than 32,768
    /// pixels on a side, and those of [`Heatmap::overlay`].
    pub fn render(&self) -> Result<RgbImage> {
        self.check()?;
        let pictures: Vec<RgbImage> =
            self.tiles.iter().map(|tile| tile.content.picture(self.opacity)).collect::<Result<_>>()?;
        let largest = |side: fn(&RgbImage) -> u32| pictures.iter().map(side).max().unwrap_or(0);
        let (width, height) = (largest(RgbImage::width), largest(RgbImage::height));
        // What is wide enough may be low, as a line is.
        let height = if width < SMALLEST_TILE { height.max(SMALLEST_TILE) } else { height };
        let room = Room { width: width.max(SMALLEST_TILE), height, caption: 26, legend: 28 };
        let columns = self.columns.min(self.tiles.len());
        let rows = self.tiles.len().div_ceil(columns);
        let width = length(columns, room.width)?;
        let head = self.head();
        let height = length(rows, room.total_height())? + head;

        let mut panel = RgbImage::from_pixel(width, height, PAPER);
        self.write_head(&mut panel);
        let pens = Pens { caption: Pen::bold(15.0, INK), legend: Pen::regular(12.5, FAINT) };
        let mut left = MARGIN;
        let mut top = MARGIN + head;
        for (place, (tile, picture)) in self.tiles.iter().zip(&pictures).enumerate() {
            tile.draw(&mut panel, picture, [left, top], room, &pens);
            left += room.width + GAP;
            if (place + 1) % columns == 0 {
                left = MARGIN;
                top += room.total_height() + GAP;
            }
        }
        Ok(panel)
    }

    /// The panel as the bytes of a PNG file.
    ///
    /// # Errors
    /// As [`Panel::render`].
    ///
    /// ```
    /// use image::RgbImage;
    /// use xai::picture::{Panel, decode_photo};
    ///
    /// let panel = Panel::new().photo("Photo", &RgbImage::new(8, 8));
    /// assert_eq!(decode_photo(&panel.encode()?)?, panel.render()?);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut png = Cursor::new(Vec::new());
        self.render()?.write_to(&mut png, ImageFormat::Png).map_err(|e| Error::backend("image", e))?;
        Ok(png.into_inner())
    }

    /// Writes the panel as a PNG file, whole or not at all.
    ///
    /// # Errors
    /// As [`Panel::render`], and [`Error::File`] when the file cannot be written.
    ///
    /// ```
    /// use image::RgbImage;
    /// use xai::picture::{Panel, read_photo};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("why.png");
    /// let panel = Panel::new().photo("Photo", &RgbImage::new(8, 8));
    /// panel.save(&path)?;
    /// assert_eq!(read_photo(&path)?, panel.render()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Draft::write(path, &self.encode()?)?.publish()
    }

    fn check(&self) -> Result<()> {
        let refused =
            |name, reason: &str| Err(Error::InvalidParameter { name, value: "0".into(), reason: reason.to_owned() });
        if self.tiles.is_empty() {
            return refused("tiles", "a panel needs a picture: add one with `photo`, `heatmap` or `overlay`");
        }
        if self.columns == 0 {
            return refused("columns", "tiles stand in at least one column");
        }
        Ok(())
    }

    /// The height of what stands above the tiles.
    fn head(&self) -> u32 {
        u32::from(self.title.is_some()) * 30 + u32::from(self.subtitle.is_some()) * 26
    }

    fn write_head(&self, panel: &mut RgbImage) {
        #[allow(clippy::cast_precision_loss)]
        let (left, mut top, width) = (MARGIN as f32, MARGIN as f32 - 6.0, (panel.width() - 2 * MARGIN) as f32);
        if let Some(title) = &self.title {
            let pen = Pen::bold(20.0, INK);
            pen.write(panel, left, top, &pen.fit(title, width));
            top += 28.0;
        }
        if let Some(subtitle) = &self.subtitle {
            let pen = Pen::regular(14.5, FAINT);
            pen.write(panel, left, top, &pen.fit(subtitle, width));
        }
    }
}

/// The length of so many tiles with gaps between and margins around.
fn length(tiles: usize, tile: u32) -> Result<u32> {
    let tiles = tiles as u64;
    let length = tiles * u64::from(tile) + tiles.saturating_sub(1) * u64::from(GAP) + 2 * u64::from(MARGIN);
    u32::try_from(length).ok().filter(|_| length <= LARGEST_SIDE).ok_or_else(|| Error::InvalidParameter {
        name: "panel",
        value: format!("{length} pixels on a side"),
        reason: format!("a panel holds {LARGEST_SIDE}: split it into several, or resize the photos"),
    })
}
