//! Named values as bars: [`Bars`].

use image::{Rgb, RgbImage};

use super::Colors;
use super::caption::Pen;
use crate::{Error, Result};

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb<u8> = Rgb([34, 34, 34]);
const FAINT: Rgb<u8> = Rgb([205, 205, 205]);
const WIDTH: u32 = 520;
const ROW: u32 = 24;
const MARGIN: u32 = 6;
/// How much of the width is for names, and for numbers.
const NAMES: u32 = 190;
const NUMBERS: u32 = 74;
/// A picture has no more rows.
const MOST: usize = 1000;

/// The columns of a table, or tokens, with their values as bars: to the right what speaks for the output, to the left
/// what speaks against it.
///
/// ```
/// use xai::picture::{Bars, Panel};
///
/// let bars = Bars::new([("age", 0.4), ("income", -1.2), ("debt", 0.1)])?.strongest(2);
/// assert_eq!(bars.rows()[0].0, "income");
/// let panel = Panel::new().photo("Integrated Gradients", &bars.image());
/// # assert!(panel.render()?.width() > 224);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    rows: Vec<(String, f64)>,
}

impl Bars {
    /// A bar for each value, in their order.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there is none, more than 1000, or one that is not finite.
    pub fn new<S: Into<String>>(rows: impl IntoIterator<Item = (S, f64)>) -> Result<Self> {
        let rows: Vec<(String, f64)> = rows.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let refused =
            |value: String, reason: &str| Error::InvalidParameter { name: "bars", value, reason: reason.into() };
        if rows.is_empty() || rows.len() > MOST {
            return Err(refused(rows.len().to_string(), "a picture has 1 to 1000"));
        }
        match rows.iter().find(|(_, value)| !value.is_finite()) {
            Some((name, value)) => Err(refused(format!("{name}: {value}"), "it has no length")),
            None => Ok(Bars { rows }),
        }
    }

    /// So many of them, those of the largest magnitude, the largest first.
    #[must_use]
    pub fn strongest(mut self, count: usize) -> Self {
        self.rows.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
        self.rows.truncate(count.max(1));
        self
    }

    /// The names and values, from the top.
    pub fn rows(&self) -> &[(String, f64)] {
        &self.rows
    }

    /// The picture: names, bars on a common scale, and numbers.
    pub fn image(&self) -> RgbImage {
        // At most a thousand rows.
        #[allow(clippy::cast_possible_truncation)]
        let height = self.rows.len() as u32 * ROW + 2 * MARGIN;
        let mut picture = RgbImage::from_pixel(WIDTH, height, PAPER);
        let pen = Pen::regular(13.5, INK);
        let largest = self.rows.iter().fold(0.0f64, |largest, (_, value)| largest.max(value.abs()));
        let (has_negative, has_positive) =
            (self.rows.iter().any(|row| row.1 < 0.0), self.rows.iter().any(|row| row.1 > 0.0));
        let (left, right) = (NAMES, WIDTH - NUMBERS);
        let (zero, reach) = match (has_negative, has_positive) {
            (true, true) => (u32::midpoint(left, right), (right - left) / 2),
            (true, false) => (right, right - left),
            _ => (left, right - left),
        };
        for y in MARGIN..height - MARGIN {
            picture.put_pixel(zero.min(WIDTH - 1), y, FAINT);
        }
        for (number, (name, value)) in self.rows.iter().enumerate() {
            #[allow(clippy::cast_possible_truncation)]
            let top = MARGIN + number as u32 * ROW;
            // A share of the reach, which is below 2¹⁰.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let length = if largest == 0.0 { 0 } else { (value.abs() / largest * f64::from(reach)).round() as u32 };
            let from = if *value < 0.0 { zero - length } else { zero };
            let color = Colors::BlueWhiteRed.at(if *value < 0.0 { 0.08 } else { 0.92 });
            for y in top + 4..top + ROW - 4 {
                (from..from + length).for_each(|x| picture.put_pixel(x.min(WIDTH - 1), y, color));
            }
            #[allow(clippy::cast_precision_loss)]
            let (line, room) = (top as f32 + 3.0, NAMES as f32 - 12.0);
            let name = pen.fit(name, room);
            pen.write(&mut picture, room - pen.width(&name) + 2.0, line, &name);
            #[allow(clippy::cast_precision_loss)]
            pen.write(&mut picture, (WIDTH - NUMBERS) as f32 + 8.0, line, &number_of(*value));
        }
        picture
    }
}

/// With a sign, and three significant digits.
fn number_of(value: f64) -> String {
    let text = match value.abs() {
        0.0 => "0".into(),
        size if !(1e-3..1e4).contains(&size) => format!("{value:+.1e}"),
        size if size < 1.0 => format!("{value:+.4}"),
        _ => format!("{value:+.2}"),
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::{Bars, WIDTH, number_of};

    #[test]
    fn bars_are_as_long_as_their_values() {
        let image = Bars::new([("a", 2.0), ("b", -1.0), ("c", 0.0)]).unwrap().image();
        assert_eq!(image.dimensions(), (WIDTH, 3 * 24 + 12));
        let colored = |y: u32, red: bool| {
            let is = |x: &u32| {
                let [r, _, b] = image.get_pixel(*x, y).0.map(i32::from);
                if red { r - b > 80 } else { b - r > 80 }
            };
            (0..WIDTH).filter(is).count()
        };
        let (a, b) = (colored(18, true), colored(42, false));
        assert!(a > 100 && a.abs_diff(2 * b) <= 2, "{a} {b}");
        assert_eq!((colored(18, false), colored(42, true), colored(66, true)), (0, 0, 0));
    }

    #[test]
    fn one_sign_has_all_the_room() {
        let all = Bars::new([("a", 1.0), ("b", 0.5)]).unwrap().image();
        let red = |image: &image::RgbImage| {
            (0..WIDTH)
                .filter(|x| i32::from(image.get_pixel(*x, 18).0[0]) - i32::from(image.get_pixel(*x, 18).0[2]) > 80)
                .count()
        };
        assert!(red(&all) > 240, "{}", red(&all));
        let against = Bars::new([("a", -1.0)]).unwrap().image();
        assert_eq!(against.dimensions().1, 36);
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        assert!(Bars::new(Vec::<(String, f64)>::new()).is_err());
        assert!(Bars::new([("a", f64::NAN)]).unwrap_err().to_string().contains("a: NaN"));
        assert!(Bars::new((0..2000).map(|n| (n.to_string(), 1.0))).is_err());
        assert_eq!(
            (number_of(0.0), number_of(-0.25), number_of(12345.0)),
            ("0".into(), "−0.2500".into(), "+1.2e4".into())
        );
    }
}
