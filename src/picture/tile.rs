//! A captioned picture in a panel.

use image::{Rgb, RgbImage, imageops};

use super::caption::Pen;
use super::{Heatmap, Matrix};
use crate::Result;

const FRAME: Rgb<u8> = Rgb([205, 205, 205]);
const BAR: f32 = 9.0;

/// A captioned picture.
#[derive(Debug, Clone)]
pub(super) struct Tile {
    pub(super) caption: String,
    pub(super) content: Content,
}

/// What a tile shows.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Photo(RgbImage),
    Heatmap(Heatmap),
    Overlay(Heatmap, RgbImage),
    Matrix(Matrix),
}

impl Content {
    pub(super) fn picture(&self, opacity: f64) -> Result<RgbImage> {
        match self {
            Content::Photo(photo) => Ok(photo.clone()),
            Content::Heatmap(heatmap) => Ok(heatmap.image()),
            Content::Overlay(heatmap, photo) => heatmap.overlay(photo, opacity),
            Content::Matrix(matrix) => Ok(matrix.image()),
        }
    }

    fn heatmap(&self) -> Option<&Heatmap> {
        match self {
            Content::Photo(_) => None,
            Content::Heatmap(heatmap) | Content::Overlay(heatmap, _) => Some(heatmap),
            Content::Matrix(matrix) => Some(matrix.heatmap()),
        }
    }
}

/// The pens that all tiles are labelled with.
#[derive(Debug)]
pub(super) struct Pens {
    pub(super) caption: Pen,
    pub(super) legend: Pen,
}

/// The lengths that all tiles of a panel share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// The width of the picture's place.
    pub(super) width: u32,
    /// The height of the picture's place.
    pub(super) height: u32,
    /// The height of the caption's line, above it.
    pub(super) caption: u32,
    /// The height of the legend's line, below it.
    pub(super) legend: u32,
}

impl Room {
    pub(super) fn total_height(&self) -> u32 {
        self.caption + self.height + self.legend
    }
}

impl Tile {
    /// Draws the tile, whose picture is given, with its top left corner at (left, top).
    pub(super) fn draw(
        &self,
        panel: &mut RgbImage,
        picture: &RgbImage,
        [left, top]: [u32; 2],
        room: Room,
        pens: &Pens,
    ) {
        #[allow(clippy::cast_precision_loss)]
        let (x, y, width) = (left as f32, top as f32, room.width as f32);
        pens.caption.write(panel, x, y, &pens.caption.fit(&self.caption, width));
        place(panel, picture, [left, top + room.caption], room);
        if let Some(heatmap) = self.content.heatmap() {
            #[allow(clippy::cast_precision_loss)]
            let below = y + (room.caption + room.height) as f32;
            draw_legend(panel, heatmap, [x, below], [width, room.legend as f32], &pens.legend);
        }
    }
}

/// The picture in the middle of its place, enlarged by a whole factor so that its pixels stay sharp, in a thin frame.
fn place(panel: &mut RgbImage, picture: &RgbImage, [left, top]: [u32; 2], room: Room) {
    let (width, height) = picture.dimensions();
    if width == 0 || height == 0 {
        return;
    }
    let factor = (room.width / width).min(room.height / height).max(1);
    let picture = imageops::resize(picture, width * factor, height * factor, imageops::FilterType::Nearest);
    let (width, height) = picture.dimensions();
    let left = left + room.width.saturating_sub(width) / 2;
    let top = top + room.height.saturating_sub(height) / 2;
    let frame = RgbImage::from_pixel(width + 2, height + 2, FRAME);
    imageops::replace(panel, &frame, i64::from(left) - 1, i64::from(top) - 1);
    imageops::replace(panel, &picture, i64::from(left), i64::from(top));
}

/// A bar of the colours between the numbers that its ends stand for.
fn draw_legend(panel: &mut RgbImage, heatmap: &Heatmap, [x, y]: [f32; 2], [width, height]: [f32; 2], pen: &Pen) {
    let most = short(heatmap.scale());
    let (low, high) = if heatmap.is_signed() { (format!("−{most}"), format!("+{most}")) } else { ("0".into(), most) };
    let line = y + (height - pen.height()) / 2.0 + 2.0;
    pen.write(panel, x, line, &low);
    pen.write(panel, x + width - pen.width(&high), line, &high);
    let (start, end) = (x + pen.width(&low) + 7.0, x + width - pen.width(&high) - 7.0);
    let top = line + (pen.height() - BAR) / 2.0;
    if end - start < 8.0 {
        return;
    }
    // Inside the panel, whose lengths are far below what a float holds exactly.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let (start, end, top, bar) = (start.round() as u32, end.round() as u32, top.round() as u32, BAR as u32);
    for column in start..end {
        let place = f64::from(column - start) / f64::from((end - start).max(2) - 1);
        let color = heatmap.color(if heatmap.is_signed() { 2.0 * place - 1.0 } else { place });
        for row in top..top + bar {
            let border = column == start || column + 1 == end || row == top || row + 1 == top + bar;
            if let Some(pixel) = panel.get_pixel_mut_checked(column, row) {
                *pixel = if border { FRAME } else { color };
            }
        }
    }
}

/// A number with two significant digits.
fn short(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e4).contains(&number) {
        return format!("{number:.1e}").replace('-', "−");
    }
    let mut decimals = 0;
    let mut unit = 10.0;
    while number < unit && decimals < 4 {
        unit /= 10.0;
        decimals += 1;
    }
    format!("{number:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_keep_two_digits() {
        let cases = [
            (0.0, "0"),
            (0.51523, "0.52"),
            (0.0123, "0.012"),
            (0.00123, "0.0012"),
            (0.000_456, "4.6e−4"),
            (1.0, "1.0"),
            (9.96, "10.0"),
            (123.4, "123"),
            (1e5, "1.0e5"),
        ];
        for (number, text) in cases {
            assert_eq!(short(number), text);
        }
    }
}
