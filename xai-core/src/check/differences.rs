//! The change of the output along a short segment, by its ends and by the gradients on the way.

use ndarray::{ArrayD, Zip};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::Direction;
use crate::{Arithmetic, Differentiable, Element, Result, Tensor};

/// Points on the segment: each refinement triples them, and midpoints of thirds hold the midpoints before.
const REFINEMENTS: [usize; 4] = [1, 3, 9, 27];
/// The change between the ends has to stand out of the rounding by this factor.
const CLEAR: f64 = 300.0;
/// No segment is longer, relative to the input's numbers.
const LONGEST: f64 = 0.3;
/// So often the last digits of the input are changed, to see what that does to the output.
const TREMBLES: usize = 3;

/// φ(x + t·d) = ⟨v, f(x + t·d)⟩ around one input.
pub(super) struct Probe<'a, M: Differentiable + ?Sized> {
    model: &'a M,
    placement: &'a Placement<M>,
    x: &'a ArrayD<f64>,
    cotangent: &'a ArrayD<f64>,
    tolerance: f64,
    /// The relative precision of the model's numbers.
    precision: f64,
    /// How far φ moves where the last digits of the input do: rounding inside of the network shows itself like that.
    trembling: f64,
}

type Host<M> = <<M as Differentiable>::Backend as Arithmetic>::Elem;
type Placement<M> = <<M as Differentiable>::Backend as Arithmetic>::Placement;

/// A segment x - t·d .. x + t·d.
struct Segment {
    /// t.
    step: f64,
    /// The mean slope between the ends, and what rounding may add to it.
    numeric: f64,
    rounding: f64,
    /// d, as the rounded ends have it.
    along: ArrayD<f64>,
}

impl<'a, M: Differentiable + ?Sized> Probe<'a, M> {
    pub(super) fn new(
        model: &'a M,
        placement: &'a Placement<M>,
        x: &'a ArrayD<f64>,
        cotangent: &'a ArrayD<f64>,
        tolerance: f64,
        precision: f64,
    ) -> Self {
        Probe { model, placement, x, cotangent, tolerance, precision, trembling: 0.0 }
    }

    /// Looks what the rounding of the input alone does to φ.
    ///
    /// An output of ordinary size may be the difference of large numbers inside of the network, as the softmax of large
    /// logits is: its own size says nothing about its rounding.
    pub(super) fn with_trembling(mut self, rng: &mut ChaCha8Rng) -> Result<Self> {
        let none = ArrayD::zeros(self.x.raw_dim());
        let (still, _) = self.value(&none, 0.0)?;
        let mut squares = 0.0;
        for _ in 0..TREMBLES {
            let digits = self.x.mapv(|x| x * self.precision * Distribution::<f64>::sample(&StandardNormal, rng));
            squares += (self.value(&digits, 1.0)?.0 - still).powi(2);
        }
        #[allow(clippy::cast_precision_loss)]
        let rms = (squares / TREMBLES as f64).sqrt();
        self.trembling = rms;
        Ok(self)
    }

    /// How far outputs may be off by rounding.
    pub(super) fn rounding(&self, output: &ArrayD<f64>) -> f64 {
        let size = output.iter().map(|y| y * y).sum::<f64>().sqrt();
        self.trembling.max(self.precision * size)
    }

    /// Compares along d. Between the ends of a segment a function changes by the mean of its derivative there, kinks or
    /// not; a derivative at one point alone says little about a network with a kink in every step that is long enough
    /// to be seen.
    ///
    /// The mean is that of midpoints. Where the derivative jumps by Δ between two of n points, it is off by up to
    /// |Δ| / 2n, and by |Δ| / 2√3n in the mean square over where the jump may lie. A jump close to an end lies behind
    /// all the points, so that the ends are looked at as well.
    pub(super) fn compare_along(&self, d: &ArrayD<f64>) -> Result<Direction> {
        let Segment { step, numeric, rounding, along } = self.change_along(d)?;
        let slope = |place: f64| self.derivative(d, &along, place * step);
        let ends = [slope(-1.0)?, slope(1.0)?];
        let mut slopes: Vec<f64> = vec![];
        let mut direction = Direction { analytic: f64::NAN, numeric, noise: f64::INFINITY, rounding };
        for points in REFINEMENTS {
            let mut before = slopes.into_iter();
            slopes = Vec::with_capacity(points);
            for point in 0..points {
                #[allow(clippy::cast_precision_loss)]
                let place = (2.0 * point as f64 + 1.0) / points as f64 - 1.0;
                let known = if point % 3 == 1 { before.next() } else { None };
                slopes.push(known.map_or_else(|| slope(place), Ok)?);
            }
            let all = [&ends[..1], &slopes, &ends[1..]].concat();
            #[allow(clippy::cast_precision_loss)]
            let mean = slopes.iter().sum::<f64>() / points as f64;
            direction = Direction { analytic: mean, numeric, noise: jumps(&all, points).max(rounding), rounding };
            // Few points that differ are no proof: the derivative may have jumped there and back between them.
            if (mean - numeric).abs() <= 0.3 * self.tolerance * numeric.abs() {
                return Ok(direction);
            }
        }
        direction.noise = direction.noise.max(self.steps_between(d, step, rounding)?);
        Ok(direction)
    }

    /// As the jumps of the derivative, those of the mean slopes between 28 points: a step that is so steep that all
    /// points of the derivative lie beside it shows in the values.
    fn steps_between(&self, d: &ArrayD<f64>, step: f64, rounding: f64) -> Result<f64> {
        const CELLS: usize = 27;
        #[allow(clippy::cast_precision_loss)]
        let edge = |cell: usize| 2.0 * cell as f64 / CELLS as f64 - 1.0;
        let values = (0..=CELLS).map(|cell| Ok(self.value(d, edge(cell) * step)?.0)).collect::<Result<Vec<_>>>()?;
        #[allow(clippy::cast_precision_loss)]
        let slopes: Vec<f64> = values.windows(2).map(|v| (v[1] - v[0]) * CELLS as f64 / (2.0 * step)).collect();
        // The rounding of the values alone makes about twice that of the difference between the ends.
        Ok((jumps(&slopes, CELLS) - 2.2 * rounding).max(0.0))
    }

    /// A segment whose ends differ clearly, or the longest there is.
    fn change_along(&self, d: &ArrayD<f64>) -> Result<Segment> {
        let epsilon = self.precision;
        let mut step = epsilon.cbrt() * 0.2;
        loop {
            let (high, size) = self.value(d, step)?;
            let (low, _) = self.value(d, -step)?;
            let rounding = (8.0 * epsilon * size).max(4.0 * self.trembling);
            let longer = step * 10f64.sqrt();
            if (high - low).abs() >= CLEAR * rounding || longer > LONGEST {
                let along = Zip::from(self.x).and(d).map_collect(|&x, &d| {
                    let end = |step: f64| Host::<M>::of(x + step * d).as_f64();
                    (end(step) - end(-step)) / (2.0 * step)
                });
                let numeric = (high - low) / (2.0 * step);
                return Ok(Segment { step, numeric, rounding: rounding / (2.0 * step), along });
            }
            step = longer;
        }
    }

    fn at(&self, d: &ArrayD<f64>, step: f64) -> Result<Tensor<M::Backend>> {
        let moved = Zip::from(self.x).and(d).map_collect(|&x, &d| Host::<M>::of(x + step * d));
        Tensor::upload(moved.view(), self.placement)
    }

    /// φ there, and the size of the terms it is the sum of.
    fn value(&self, d: &ArrayD<f64>, step: f64) -> Result<(f64, f64)> {
        let y = self.model.forward(&self.at(d, step)?)?.download()?;
        let terms = y.iter().zip(self.cotangent).map(|(y, v)| y.as_f64() * v);
        Ok(terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs())))
    }

    /// ⟨vjp(v), along⟩ at x + step · d.
    fn derivative(&self, d: &ArrayD<f64>, along: &ArrayD<f64>, step: f64) -> Result<f64> {
        let (y, pullback) = self.model.vjp(&self.at(d, step)?)?;
        let v = Tensor::upload(self.cotangent.mapv(Host::<M>::of).view(), &y.placement())?;
        let gradient = pullback.pull(&v)?.download()?;
        Ok(gradient.iter().zip(along).map(|(g, d)| g.as_f64() * d).sum())
    }
}

/// What the mean of so many slopes may be off by: |Δ| / 2√3n for each jump Δ, in the mean square.
fn jumps(slopes: &[f64], points: usize) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let each = 2.0 * 3f64.sqrt() * points as f64;
    slopes.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f64>().sqrt() / each
}
