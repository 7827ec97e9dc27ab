//! A signal as a line: [`Line`].

use image::{Rgb, RgbImage};

use super::Heatmap;
use super::blend::blend;
use crate::{Error, Result};

const INK: Rgb<u8> = Rgb([20, 20, 20]);
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const WIDTH: u32 = 720;
const HEIGHT: u32 = 150;
const MARGIN: f64 = 8.0;
/// How much of the ground's colour is seen.
const OPACITY: f64 = 0.75;

/// A signal as a line, on a ground that is coloured by how much each step of it counted.
///
/// ```
/// use ndarray::Array3;
/// use xai::Kind;
/// use xai::picture::{Heatmap, Line, Panel, Style};
///
/// let signal: Vec<f32> = (0..200).map(|t| (t as f32 / 9.0).sin()).collect();
/// // Values of shape (channels, 1, steps): a picture of one row.
/// let values = Array3::from_shape_fn((1, 1, 200), |(_, _, t)| if t > 150 { 1.0 } else { 0.0 });
/// let map = Heatmap::new(&values, &Style::of(Kind::Attribution))?;
/// let line = Line::new(&signal, &map)?;
/// # assert_eq!(Panel::new().photo("a", &line.image()).render()?.width(), 768);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Line {
    signal: Vec<f64>,
    map: Heatmap,
}

impl Line {
    /// The signal, and a map of one row, which is stretched to its length.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] for no signal, or a map of several rows; [`Error::InvalidParameter`] for a number that
    /// is not finite.
    pub fn new(signal: &[f32], map: &Heatmap) -> Result<Self> {
        let refused =
            |got: Vec<usize>, reason: &str| Error::InvalidShape { what: "signal".into(), got, reason: reason.into() };
        if signal.is_empty() {
            return Err(refused(vec![0], "there is nothing to draw"));
        }
        if let Some(value) = signal.iter().find(|value| !value.is_finite()) {
            let reason = "a line has no place for it".into();
            return Err(Error::InvalidParameter { name: "signal", value: value.to_string(), reason });
        }
        if map.strength().nrows() != 1 {
            return Err(refused(map.strength().shape().to_vec(), "its map has one row"));
        }
        let length = u32::try_from(signal.len()).map_err(|_| refused(vec![signal.len()], "it is too long"))?;
        let same = map.strength().ncols() == signal.len();
        let map = if same { map.clone() } else { map.resized(length, 1)? };
        Ok(Line { signal: signal.iter().copied().map(f64::from).collect(), map })
    }

    /// The picture, 720 × 150: where steps are more than pixels, each pixel has the strongest of its steps, and the
    /// signal from its lowest to its highest.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // in the picture
    pub fn image(&self) -> RgbImage {
        let (lowest, highest) =
            self.signal.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
        let range = if highest > lowest { highest - lowest } else { 1.0 };
        let place = |value: f64| MARGIN + (highest - value) / range * (f64::from(HEIGHT) - 2.0 * MARGIN - 1.0);
        let steps = self.signal.len();
        let mut picture = RgbImage::from_pixel(WIDTH, HEIGHT, PAPER);
        let mut before: Option<f64> = None;
        for x in 0..WIDTH {
            let from = (x as usize * steps) / WIDTH as usize;
            let to = (((x as usize + 1) * steps) / WIDTH as usize).clamp(from + 1, steps);
            let strengths = (from..to).filter_map(|step| self.map.strength().get((0, step)));
            let strength = strengths.copied().fold(0.0f64, |best, s| if s.abs() > best.abs() { s } else { best });
            let ground = blend(PAPER, self.map.color(strength), OPACITY);
            (0..HEIGHT).for_each(|y| picture.put_pixel(x, y, ground));
            let part = &self.signal[from..to];
            let (mut top, mut bottom) = part
                .iter()
                .map(|&value| place(value))
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(top, bottom), y| (top.min(y), bottom.max(y)));
            // The line has no gaps: it begins where the one before has ended.
            if let Some(y) = before {
                (top, bottom) = (top.min(y), bottom.max(y));
            }
            before = part.last().map(|&value| place(value));
            for y in top.floor() as u32..=(bottom.ceil() as u32 + 1).min(HEIGHT - 1) {
                picture.put_pixel(x, y, INK);
            }
        }
        picture
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::{HEIGHT, INK, Line, WIDTH};
    use crate::Kind;
    use crate::picture::{Heatmap, Style};

    fn map(steps: usize, at: impl Fn(usize) -> f32) -> Heatmap {
        let values = Array3::from_shape_fn((1, 1, steps), |(_, _, t)| at(t));
        Heatmap::new(&values, &Style::of(Kind::Attribution)).unwrap()
    }

    #[test]
    fn the_line_has_no_gap_and_the_ground_says_where() {
        for steps in [7, 720, 5000] {
            let signal: Vec<f32> = (0..steps).map(|t| if t % 2 == 0 { -1.0 } else { 1.0 }).collect();
            let image = Line::new(&signal, &map(steps, |t| f32::from(t >= steps / 2))).unwrap().image();
            assert_eq!(image.dimensions(), (WIDTH, HEIGHT));
            let inked = |x: u32| (0..HEIGHT).filter(|&y| *image.get_pixel(x, y) == INK).count();
            assert!((0..WIDTH).all(|x| inked(x) > 0), "{steps}");
            let red = |x: u32| i32::from(image.get_pixel(x, 0).0[0]) - i32::from(image.get_pixel(x, 0).0[2]);
            assert!(red(WIDTH - 3) > 60 && red(3).abs() < 10, "{steps}: {} {}", red(3), red(WIDTH - 3));
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        assert!(Line::new(&[], &map(1, |_| 1.0)).is_err());
        assert!(Line::new(&[f32::NAN], &map(1, |_| 1.0)).is_err());
        let square = Heatmap::new(&Array3::<f32>::zeros((1, 2, 2)), &Style::of(Kind::Cam)).unwrap();
        assert!(Line::new(&[1.0], &square).is_err());
    }
}
