//! How values become a heatmap: [`Style`].

use super::Colors;
use crate::{Error, Kind, Result};

/// How the channels of a pixel become one number.
///
/// ```
/// use image::Rgb;
/// use ndarray::array;
/// use xai::Kind;
/// use xai::picture::{Channels, Colors, Heatmap, Sign, Style};
///
/// // Two channels of two pixels: those of the first cancel, 1 - 1 = 0.
/// let values = array![[[1.0, 2.0]], [[-1.0, 2.0]]];
/// let style = Style::of(Kind::Attribution).sign(Sign::Positive).colors(Colors::Gray);
/// let first = |channels| -> xai::Result<Rgb<u8>> {
///     Ok(Heatmap::new(&values, &style.channels(channels))?.image()[(0, 0)])
/// };
/// assert_eq!(first(Channels::Sum)?, Rgb([0; 3]));
/// assert_ne!(first(Channels::MaxAbs)?, Rgb([0; 3]));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Channels {
    /// Σ꜀ v꜀
    Sum,
    /// The mean of v꜀: the value itself where all channels have the same.
    Mean,
    /// max꜀ |v꜀|
    MaxAbs,
    /// √(Σ꜀ v꜀²)
    Norm,
}

impl Channels {
    pub(super) fn reduce(self, values: impl Iterator<Item = f64>) -> f64 {
        match self {
            Channels::Sum => values.sum(),
            Channels::Mean => {
                let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
                sum / count
            }
            Channels::MaxAbs => values.fold(0.0, |largest, v| largest.max(v.abs())),
            Channels::Norm => values.fold(0.0, |norm: f64, v| norm.hypot(v)),
        }
    }
}

/// Which values are shown; the others count as zero.
///
/// ```
/// use image::Rgb;
/// use ndarray::array;
/// use xai::Kind;
/// use xai::picture::{Colors, Heatmap, Sign, Style};
///
/// let style = Style::of(Kind::Attribution).colors(Colors::Gray);
/// let shown = |sign| -> xai::Result<[bool; 2]> {
///     let map = Heatmap::new(&array![[[-1.0, 1.0]]], &style.sign(sign))?.image();
///     Ok([map[(0, 0)], map[(1, 0)]].map(|color| color != Rgb([0; 3])))
/// };
/// assert_eq!(shown(Sign::Positive)?, [false, true]);
/// assert_eq!(shown(Sign::Negative)?, [true, false]);
/// assert_eq!(shown(Sign::Absolute)?, [true, true]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sign {
    /// Both signs, zero in the middle of the colours.
    Both,
    /// What is above zero.
    Positive,
    /// What is below zero, by its magnitude.
    Negative,
    /// The magnitude of all.
    Absolute,
}

impl Sign {
    pub(super) fn keep(self, value: f64) -> f64 {
        match self {
            Sign::Both => value,
            Sign::Positive => value.max(0.0),
            Sign::Negative => (-value).max(0.0),
            Sign::Absolute => value.abs(),
        }
    }
}

/// How values become a heatmap: [`Style::of`] a kind of explanation, changed as you like.
///
/// ```
/// use xai::Kind;
/// use xai::picture::{Channels, Colors, Sign, Style};
///
/// let what_speaks_against = Style::of(Kind::Attribution).sign(Sign::Negative).colors(Colors::Viridis).outliers(1.0);
/// # let _ = what_speaks_against.channels(Channels::Sum);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    pub(super) channels: Channels,
    pub(super) sign: Sign,
    pub(super) outliers: f64,
    pub(super) colors: Colors,
}

impl Style {
    /// The preset for a kind of explanation: the table in the [module's](super) docs.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Sensitivity | Kind::Importance => {
                Style { channels: Channels::MaxAbs, sign: Sign::Positive, outliers: 2.0, colors: Colors::Inferno }
            }
            Kind::Cam => Style { channels: Channels::Sum, sign: Sign::Positive, outliers: 0.0, colors: Colors::Turbo },
            _ => Style { channels: Channels::Sum, sign: Sign::Both, outliers: 10.0, colors: Colors::BlueWhiteRed },
        }
    }

    /// Sets how the channels of a pixel become one number.
    #[must_use]
    pub fn channels(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// Sets which values are shown.
    #[must_use]
    pub fn sign(mut self, sign: Sign) -> Self {
        self.sign = sign;
        self
    }

    /// Sets how many percent of the summed magnitude may lie in values beyond the scale: 0 for none, below 100.
    #[must_use]
    pub fn outliers(mut self, percent: f64) -> Self {
        self.outliers = percent;
        self
    }

    /// Sets the colours.
    #[must_use]
    pub fn colors(mut self, colors: Colors) -> Self {
        self.colors = colors;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if (0.0..100.0).contains(&self.outliers) {
            return Ok(());
        }
        Err(Error::InvalidParameter {
            name: "outliers",
            value: self.outliers.to_string(),
            reason: "it is a share in percent: at least 0 and below 100".into(),
        })
    }
}
