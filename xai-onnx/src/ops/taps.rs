//! Which numbers of an axis a place between them is made of.

use ndarray::ArrayView1;
use xai_core::Backend;

use super::resize::keys;
use crate::tape::{Written, refuse};
use crate::write::Cx;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Nearest,
    Linear,
    Cubic,
}

/// What stands beyond the borders.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Beyond {
    Zeros,
    Border,
    Reflection,
}

/// How values between the numbers of an image are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sampling {
    mode: Mode,
    beyond: Beyond,
    corners: bool,
}

/// A number that a place is made of, where there is one, with what each axis says of its share.
#[derive(Debug, Clone)]
pub(super) struct Tap {
    /// Its flat place.
    pub(super) at: Option<usize>,
    /// The share along each axis, and how that changes as the grid's number does.
    along: Vec<(f64, f64)>,
}

impl Tap {
    pub(super) fn share(&self) -> f64 {
        self.along.iter().map(|(share, _)| share).product()
    }

    /// ∂share / ∂(the grid's number of an axis)
    pub(super) fn slope(&self, axis: usize) -> f64 {
        let others = self.along.iter().enumerate().filter(|(other, _)| *other != axis);
        self.along[axis].1 * others.map(|(_, (share, _))| share).product::<f64>()
    }
}

/// The taps of a place, from those along each axis: every combination.
pub(super) fn combined(along: &[Vec<Tap>], lengths: &[usize]) -> Vec<Tap> {
    let none = Tap { at: Some(0), along: Vec::new() };
    along.iter().zip(lengths).fold(vec![none], |all, (taps, &length)| {
        let with = |before: &Tap, tap: &Tap| Tap {
            at: before.at.zip(tap.at).map(|(before, at)| before * length + at),
            along: [&before.along[..], &tap.along].concat(),
        };
        all.iter().flat_map(|before| taps.iter().map(|tap| with(before, tap)).collect::<Vec<_>>()).collect()
    })
}

impl Sampling {
    pub(super) fn read<B: Backend>(cx: &Cx<'_, B>) -> Written<Self> {
        let mode = match cx.text("mode")?.as_str() {
            "" | "bilinear" | "linear" => Mode::Linear,
            "nearest" => Mode::Nearest,
            "bicubic" | "cubic" => Mode::Cubic,
            other => return Err(refuse(format!("its mode `{other}` is not known"))),
        };
        let beyond = match cx.text("padding_mode")?.as_str() {
            "" | "zeros" => Beyond::Zeros,
            "border" => Beyond::Border,
            "reflection" => Beyond::Reflection,
            other => return Err(refuse(format!("its padding_mode `{other}` is not known"))),
        };
        Ok(Sampling { mode, beyond, corners: cx.flag("align_corners", false)? })
    }

    /// For each axis of an image of these lengths, the taps of a place that a grid says, whose last axis comes first.
    pub(super) fn at(self, lengths: &[usize], place: ArrayView1<'_, f64>) -> Vec<Vec<Tap>> {
        lengths.iter().zip(place.iter().rev()).map(|(&length, &number)| self.along(length, number)).collect()
    }

    /// From -1 to 1 an axis goes from border to border, or from the middle of the first number to that of the last.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // places of an image
    fn along(self, length: usize, number: f64) -> Vec<Tap> {
        let n = length as f64;
        let (at, slope) = match self.corners {
            true => ((number + 1.0) / 2.0 * (n - 1.0), (n - 1.0) / 2.0),
            false => (((number + 1.0) * n - 1.0) / 2.0, n / 2.0),
        };
        let tap = |at: i64, share: f64, slope: f64| Tap { at: self.index(length, at), along: vec![(share, slope)] };
        if self.mode == Mode::Nearest {
            let (at, _) = self.inside(n, at.round_ties_even(), 0.0);
            return vec![tap(at as i64, 1.0, 0.0)];
        }
        let (at, slope) = self.inside(n, at, slope);
        let first = at.floor();
        let (beyond, first) = (at - first, first as i64);
        match self.mode {
            Mode::Cubic => (-1..=2)
                .map(|step: i64| {
                    let distance = beyond - step as f64;
                    let bend = keys_slope(CUBIC, distance.abs()) * distance.signum();
                    tap(first.saturating_add(step), keys(CUBIC, distance.abs()), bend * slope)
                })
                .collect(),
            _ => vec![tap(first, 1.0 - beyond, -slope), tap(first.saturating_add(1), beyond, slope)],
        }
    }

    /// A place brought back where it is beyond the borders, with its slope; so far out that nobody counts there it is
    /// no place.
    fn inside(self, n: f64, at: f64, slope: f64) -> (f64, f64) {
        let (low, high) = self.borders(n);
        match self.beyond {
            _ if (low..=high).contains(&at) => (at, slope),
            Beyond::Zeros => (if at.abs() < FAR { at } else { -FAR }, slope),
            Beyond::Border => (if at < low { 0.0 } else { n - 1.0 }, 0.0),
            Beyond::Reflection => {
                let (at, sign) = reflected(at, low, high);
                (at, slope * sign)
            }
        }
    }

    fn borders(self, n: f64) -> (f64, f64) {
        if self.corners { (0.0, n - 1.0) } else { (-0.5, n - 0.5) }
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn index(self, length: usize, at: i64) -> Option<usize> {
        let last = i64::try_from(length).unwrap_or(i64::MAX) - 1;
        let (low, high) = self.borders(length as f64);
        match self.beyond {
            _ if (0..=last).contains(&at) => usize::try_from(at).ok(),
            Beyond::Zeros => None,
            Beyond::Border => usize::try_from(at.clamp(0, last)).ok(),
            Beyond::Reflection => usize::try_from((reflected(at as f64, low, high).0 as i64).clamp(0, last)).ok(),
        }
    }
}

/// Of PyTorch and ONNX.
const CUBIC: f64 = -0.75;
/// Beyond all numbers of an axis.
const FAR: f64 = 1e15;

/// The slope of Keys' kernel.
fn keys_slope(a: f64, d: f64) -> f64 {
    if d <= 1.0 {
        (3.0 * (a + 2.0) * d - 2.0 * (a + 3.0)) * d
    } else if d < 2.0 {
        (3.0 * a * d - 10.0 * a) * d + 8.0 * a
    } else {
        0.0
    }
}

/// A place mirrored at both borders until it is between them, and whether it goes the other way there.
fn reflected(at: f64, low: f64, high: f64) -> (f64, f64) {
    let range = high - low;
    if range <= 0.0 || !at.is_finite() {
        return (low.max(0.0), 0.0);
    }
    let beyond = if at < low { low - at } else { at - high };
    let (times, rest) = ((beyond / range).floor(), beyond % range);
    let once = times % 2.0 == 0.0;
    match (at < low, once) {
        (true, true) => (low + rest, -1.0),
        (true, false) => (high - rest, 1.0),
        (false, true) => (high - rest, -1.0),
        (false, false) => (low + rest, 1.0),
    }
}
