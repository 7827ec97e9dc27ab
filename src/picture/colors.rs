//! Colours for numbers.

use image::Rgb;

/// A colour map: which colour stands for a number from 0 to 1.
///
/// ```
/// use image::Rgb;
/// use xai::picture::Colors;
///
/// assert_eq!((Colors::Gray.at(0.0), Colors::Gray.at(1.0)), (Rgb([0; 3]), Rgb([255; 3])));
/// let Rgb([red, _, blue]) = Colors::BlueWhiteRed.at(0.1);
/// assert!(blue > red);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Colors {
    /// Black over purple and orange to pale yellow; perceptually uniform.
    Inferno,
    /// Dark violet over green to yellow; perceptually uniform, safe for colour-blind readers.
    Viridis,
    /// The rainbow from dark blue to dark red, with even brightness steps: jet's better heir.
    Turbo,
    /// Black to white.
    Gray,
    /// Blue for what is below zero, white for zero, red for what is above.
    BlueWhiteRed,
}

impl Colors {
    /// True when the middle stands for zero.
    pub(super) fn is_diverging(self) -> bool {
        matches!(self, Colors::BlueWhiteRed)
    }

    /// The colour of a number from 0 to 1; others are clipped, NaN counts as 0.
    pub fn at(self, number: f64) -> Rgb<u8> {
        let t = if number.is_nan() { 0.0 } else { number.clamp(0.0, 1.0) };
        let color = match self {
            Colors::Inferno => colorous::INFERNO.eval_continuous(t),
            Colors::Viridis => colorous::VIRIDIS.eval_continuous(t),
            Colors::Turbo => colorous::TURBO.eval_continuous(t),
            Colors::Gray => colorous::GREYS.eval_continuous(1.0 - t),
            // Without the ends, which are so dark that single pixels of them look black.
            Colors::BlueWhiteRed => colorous::RED_BLUE.eval_continuous(0.9 - 0.8 * t),
        };
        Rgb([color.r, color.g, color.b])
    }
}
