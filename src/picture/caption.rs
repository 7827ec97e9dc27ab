//! Text in a picture.

use ab_glyph::{Font, FontRef, Glyph, GlyphId, ScaleFont, point};
use image::{Rgb, RgbImage};

use super::blend::blend;

/// A font at a size, in a colour.
#[derive(Debug, Clone)]
pub(super) struct Pen {
    font: FontRef<'static>,
    size: f32,
    color: Rgb<u8>,
}

impl Pen {
    pub(super) fn regular(size: f32, color: Rgb<u8>) -> Self {
        Pen::new(dejavu::sans::regular(), size, color)
    }

    pub(super) fn bold(size: f32, color: Rgb<u8>) -> Self {
        Pen::new(dejavu::sans::bold(), size, color)
    }

    fn new(font: &'static [u8], size: f32, color: Rgb<u8>) -> Self {
        let font = FontRef::try_from_slice(font).expect("the bundled font is a valid font");
        Pen { font, size, color }
    }

    /// The height of a line.
    pub(super) fn height(&self) -> f32 {
        self.font.as_scaled(self.size).height()
    }

    /// How wide the text is drawn.
    pub(super) fn width(&self, text: &str) -> f32 {
        self.set(text).1
    }

    /// The text, shortened with an ellipsis where it is too wide.
    pub(super) fn fit(&self, text: &str, width: f32) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut kept: String = text.to_owned();
        while kept.pop().is_some() {
            let shortened = format!("{}…", kept.trim_end());
            if self.width(&shortened) <= width {
                return shortened;
            }
        }
        String::new()
    }

    /// Draws a line of text with its top left corner at (x, y).
    pub(super) fn write(&self, picture: &mut RgbImage, x: f32, y: f32, text: &str) {
        let baseline = y + self.font.as_scaled(self.size).ascent();
        for mut glyph in self.set(text).0 {
            glyph.position += point(x, baseline.round());
            let Some(outline) = self.font.outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, coverage| {
                #[allow(clippy::cast_precision_loss)]
                let (x, y) = (corner.x + dx as f32, corner.y + dy as f32);
                // A negative place is saturated by the cast and would be drawn at the border.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let pixel = if x < 0.0 || y < 0.0 { None } else { picture.get_pixel_mut_checked(x as u32, y as u32) };
                if let Some(pixel) = pixel {
                    *pixel = blend(*pixel, self.color, f64::from(coverage.clamp(0.0, 1.0)));
                }
            });
        }
    }

    /// The glyphs side by side, and how far they reach.
    fn set(&self, text: &str) -> (Vec<Glyph>, f32) {
        let font = self.font.as_scaled(self.size);
        let mut x = 0.0;
        let mut last: Option<GlyphId> = None;
        let mut glyphs = Vec::new();
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            let id = font.glyph_id(letter);
            x += last.map_or(0.0, |last| font.kern(last, id));
            glyphs.push(id.with_scale_and_position(self.size, point(x, 0.0)));
            x += font.h_advance(id);
            last = Some(id);
        }
        (glyphs, x)
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::Pen;

    const BLACK: Rgb<u8> = Rgb([0, 0, 0]);

    #[test]
    fn text_is_drawn_inside_its_measured_box() {
        let pen = Pen::regular(16.0, BLACK);
        let mut picture = RgbImage::from_pixel(200, 40, Rgb([255; 3]));
        pen.write(&mut picture, 10.0, 5.0, "Integrated −0.5");
        let dark = |p: &Rgb<u8>| p.0[0] < 128;
        let inked: Vec<(u32, u32)> =
            picture.enumerate_pixels().filter(|(_, _, p)| dark(p)).map(|(x, y, _)| (x, y)).collect();
        assert!(inked.len() > 100);
        let right = 10.0 + pen.width("Integrated −0.5");
        assert!(inked.iter().all(|&(x, y)| x >= 9 && (x as f32) <= right && y >= 5 && (y as f32) < 5.0 + pen.height()));
    }

    #[test]
    fn long_text_is_shortened_to_fit() {
        let pen = Pen::bold(15.0, BLACK);
        let short = pen.fit("a very long caption that no tile can hold", 100.0);
        assert!(short.ends_with('…') && pen.width(&short) <= 100.0 && short.len() > 8, "{short}");
        assert_eq!(pen.fit("short", 100.0), "short");
        assert_eq!(pen.fit("nothing fits", 1.0), "");
    }

    #[test]
    fn text_that_leaves_the_picture_is_cut_and_nothing_panics() {
        let mut picture = RgbImage::new(5, 5);
        Pen::regular(16.0, Rgb([255; 3])).write(&mut picture, -20.0, -8.0, "Ω\n漢字 long text");
        assert_eq!(picture.dimensions(), (5, 5));
    }
}
