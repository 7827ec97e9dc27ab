//! Several directions of one kind, judged together: the change between the ends of each segment, by the gradients on
//! the way.
//!
//! Between the ends of a segment a function changes by the mean of its derivative there, kinks or not; a derivative at
//! one point alone says little about a network with a kink in every step that is long enough to be seen.
//!
//! The mean is that of midpoints. Where the derivative jumps by Δ between two of n points, it is off by up to |Δ| / 2n,
//! and by |Δ| / 2√3n in the mean square over where the jump may lie. A jump close to an end lies behind all the points,
//! so that the ends are looked at as well, unless all directions agree without.

use ndarray::ArrayD;
use rand_chacha::ChaCha8Rng;

use super::differences::{CELLS, Probe, Segment};
use super::report::STANDS_OUT;
use super::{Direction, GradientReport};
use crate::{Differentiable, Result};

/// Points on the segment behind the one in its middle: each refinement triples them, and midpoints of thirds hold the
/// midpoints before.
const REFINEMENTS: [usize; 3] = [3, 9, 27];
/// Of so many points it may be proof that they differ.
const FEW: usize = 3;

pub(super) struct Family<'a, M: Differentiable + ?Sized> {
    pub(super) probe: &'a Probe<'a, M>,
    /// That at the input itself, in the middle of every segment.
    pub(super) gradient: &'a ArrayD<f64>,
    pub(super) tolerance: f64,
    pub(super) draw: &'a dyn Fn(&mut ChaCha8Rng) -> ArrayD<f64>,
}

/// What is known along one direction.
struct Along {
    /// Draws the direction again: that of a photo is as large as it, and there may be thousands.
    seed: ChaCha8Rng,
    segment: Segment,
    /// The derivative at the midpoints of as many parts.
    slopes: Vec<f64>,
    /// The mean slopes of the cells, where they were looked at.
    cells: Option<Vec<f64>>,
    found: Found,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// The mean agrees with the change.
    Near,
    /// It differs by more than anything on the segment does.
    Apart,
    Unclear,
}

impl Along {
    fn mean(&self) -> f64 {
        mean(&self.slopes)
    }

    /// With all that is known of its noise.
    fn direction(&self, noise: f64, bend: f64) -> Direction {
        let Segment { numeric, rounding, .. } = self.segment;
        Direction { analytic: self.mean(), numeric, noise: noise.max(rounding), rounding, bend }
    }

    /// The jumps of the mean slopes between cells. The rounding of the values alone makes about twice that of the
    /// difference between the ends.
    fn steps(&self) -> f64 {
        self.cells.as_ref().map_or(0.0, |cells| (jumps(cells, CELLS) - 2.2 * self.segment.rounding).max(0.0))
    }

    /// How far the mean slopes of the cells lie from that of all: at most, and in the mean square.
    fn turns(&self) -> (f64, f64) {
        let cells = self.cells.as_deref().unwrap_or_default();
        let far = |slope: &f64| (slope - self.segment.numeric).abs();
        #[allow(clippy::cast_precision_loss)]
        let square = cells.iter().map(|slope| far(slope).powi(2)).sum::<f64>() / cells.len().max(1) as f64;
        (cells.iter().map(far).fold(0.0, f64::max), square.sqrt())
    }

    /// Whether the mean is so far off that nothing on the segment explains it: neither how the values bend, nor how the
    /// derivative differs from point to point.
    fn is_apart(&self) -> bool {
        let (least, most) = self.slopes.iter().fold((f64::MAX, f64::MIN), |(a, b), &s| (a.min(s), b.max(s)));
        let known = (most - least).max(self.turns().0).max(self.segment.rounding);
        (self.mean() - self.segment.numeric).abs() > STANDS_OUT * known
    }
}

impl<M: Differentiable + ?Sized> Family<'_, M> {
    /// Compares along `count` directions.
    pub(super) fn judge(&self, count: usize, rng: &mut ChaCha8Rng, coarse: bool) -> Result<GradientReport> {
        let mut all: Vec<Along> = Vec::with_capacity(count);
        for _ in 0..count {
            // Not much less than was needed along others will do along this one.
            let shortest = all.iter().map(|along| along.segment.step).reduce(f64::min);
            all.push(self.begun(rng, shortest.map_or(0.0, |step| 0.1 * step))?);
        }
        // The directions are judged together: one along which little changes does not have to agree to more digits.
        let square = all.iter().map(|along| along.segment.numeric.powi(2)).sum::<f64>();
        #[allow(clippy::cast_precision_loss)]
        let near = 0.3 * self.tolerance * (square / count.max(1) as f64).sqrt();
        for along in &mut all {
            self.refine(along, near)?;
        }
        let judged = |directions| GradientReport::judge(directions, self.tolerance, coarse);
        if all.iter().all(|along| along.found == Found::Near) {
            let noise = |along: &Along| along.direction(jumps(&along.slopes, along.slopes.len()), 0.0);
            let report = judged(all.iter().map(noise).collect());
            if report.is_trusted() {
                return Ok(report);
            }
        }
        Ok(judged(all.iter().map(|along| self.with_ends(along)).collect::<Result<_>>()?))
    }

    fn begun(&self, rng: &mut ChaCha8Rng, first: f64) -> Result<Along> {
        let seed = rng.clone();
        let d = (self.draw)(rng);
        let segment = self.probe.change_along(&d, first)?;
        let middle = self.gradient.iter().zip(&self.probe.rounded(&d, segment.step)).map(|(g, d)| g * d).sum();
        Ok(Along { seed, segment, slopes: vec![middle], cells: None, found: Found::Unclear })
    }

    /// More points, until the mean agrees or is known not to.
    fn refine(&self, along: &mut Along, near: f64) -> Result<()> {
        let is_near = |along: &Along| (along.mean() - along.segment.numeric).abs() <= near;
        if is_near(along) {
            along.found = Found::Near;
            return Ok(());
        }
        let d = (self.draw)(&mut along.seed.clone());
        let step = along.segment.step;
        let rounded = self.probe.rounded(&d, step);
        for points in REFINEMENTS {
            let mut before = std::mem::take(&mut along.slopes).into_iter();
            for point in 0..points {
                #[allow(clippy::cast_precision_loss)]
                let place = (2.0 * point as f64 + 1.0) / points as f64 - 1.0;
                let known = if point % 3 == 1 { before.next() } else { None };
                let slope = known.map_or_else(|| self.probe.derivative(&d, &rounded, place * step), Ok)?;
                along.slopes.push(slope);
            }
            if is_near(along) {
                along.found = Found::Near;
                return Ok(());
            }
            if points == FEW {
                // Few points that differ are no proof by themselves: the derivative may have jumped there and back
                // between them. The values between show it.
                along.cells = Some(self.probe.cells(&d, step)?);
                if along.is_apart() {
                    along.found = Found::Apart;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn with_ends(&self, along: &Along) -> Result<Direction> {
        if along.found == Found::Apart {
            #[allow(clippy::cast_precision_loss)]
            let bend = along.turns().1 / (FEW as f64).sqrt();
            return Ok(along.direction(along.steps(), bend));
        }
        let d = (self.draw)(&mut along.seed.clone());
        let step = along.segment.step;
        let rounded = self.probe.rounded(&d, step);
        let end = |place: f64| self.probe.derivative(&d, &rounded, place * step);
        let all = [&[end(-1.0)?], &along.slopes[..], &[end(1.0)?]].concat();
        let noise = jumps(&all, along.slopes.len());
        let steps = if along.found == Found::Near { 0.0 } else { along.steps() };
        Ok(along.direction(noise.max(steps), 0.0))
    }
}

#[allow(clippy::cast_precision_loss)]
fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}

/// What the mean of so many slopes may be off by: |Δ| / 2√3n for each jump Δ, in the mean square.
fn jumps(slopes: &[f64], points: usize) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let each = 2.0 * 3f64.sqrt() * points.max(1) as f64;
    slopes.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f64>().sqrt() / each
}
