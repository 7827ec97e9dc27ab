//! The change of the output along a short segment, by its ends and by the gradients on the way.

use ndarray::ArrayD;

use super::Direction;
use crate::{Arithmetic, Differentiable, Element, Result, Tensor};

/// Points on the segment: each refinement triples them, and midpoints of thirds hold the midpoints before.
const REFINEMENTS: [usize; 4] = [1, 3, 9, 27];
/// The change between the ends has to stand out of the rounding by this factor.
const CLEAR: f64 = 300.0;
/// No segment is longer, relative to the input's numbers.
const LONGEST: f64 = 0.3;

/// φ(x + t·d) = ⟨v, f(x + t·d)⟩ around one input.
pub(super) struct Probe<'a, M: Differentiable + ?Sized> {
    model: &'a M,
    placement: Placement<M>,
    x: &'a ArrayD<f64>,
    cotangent: &'a ArrayD<f64>,
    /// The size of the input's numbers, which steps are relative to.
    scale: f64,
    tolerance: f64,
    /// The relative precision of the model's numbers.
    precision: f64,
}

type Host<M> = <<M as Differentiable>::Backend as Arithmetic>::Elem;
type Placement<M> = <<M as Differentiable>::Backend as Arithmetic>::Placement;

impl<'a, M: Differentiable + ?Sized> Probe<'a, M> {
    pub(super) fn new(
        model: &'a M,
        placement: Placement<M>,
        x: &'a ArrayD<f64>,
        cotangent: &'a ArrayD<f64>,
        tolerance: f64,
        precision: f64,
    ) -> Self {
        #[allow(clippy::cast_precision_loss)]
        let rms = (x.iter().map(|v| v * v).sum::<f64>() / x.len().max(1) as f64).sqrt();
        let scale = if rms > 0.0 && rms.is_finite() { rms } else { 1.0 };
        Probe { model, placement, x, cotangent, scale, tolerance, precision }
    }

    /// Compares along d. Between the ends of a segment a function changes by the mean of its derivative there, kinks or
    /// not; a derivative at one point alone says little about a network with a kink in every step that is long enough
    /// to be seen.
    ///
    /// The mean is that of midpoints. Where the derivative jumps by Δ between two of n points, it is off by up to
    /// |Δ| / 2n, and by |Δ| / 2√3n in the mean square over where the jump may lie. A jump close to an end lies behind
    /// all the points, so that the ends are looked at as well.
    pub(super) fn compare_along(&self, d: &ArrayD<f64>) -> Result<Direction> {
        let (step, numeric, rounding) = self.change_along(d)?;
        let ends = [self.derivative_along(d, -step)?, self.derivative_along(d, step)?];
        let mut slopes: Vec<f64> = vec![];
        let mut direction = Direction { analytic: f64::NAN, numeric, noise: f64::INFINITY };
        for points in REFINEMENTS {
            let mut before = slopes.into_iter();
            slopes = Vec::with_capacity(points);
            for point in 0..points {
                #[allow(clippy::cast_precision_loss)]
                let place = (2.0 * point as f64 + 1.0) / points as f64 - 1.0;
                let known = if point % 3 == 1 { before.next() } else { None };
                slopes.push(known.map_or_else(|| self.derivative_along(d, place * step), Ok)?);
            }
            #[allow(clippy::cast_precision_loss)]
            let n = points as f64;
            let mean = slopes.iter().sum::<f64>() / n;
            let all = [&ends[..1], &slopes, &ends[1..]].concat();
            let jumps =
                all.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f64>().sqrt() / (2.0 * 3f64.sqrt() * n);
            direction = Direction { analytic: mean, numeric, noise: jumps.max(rounding) };
            let error = (mean - numeric).abs();
            // Few points that differ are no proof: the derivative may have jumped there and back between them.
            if error <= 0.3 * self.tolerance * numeric.abs() {
                break;
            }
        }
        Ok(direction)
    }

    /// Half the length of a segment whose ends differ clearly, the mean slope between them, and its rounding error.
    fn change_along(&self, d: &ArrayD<f64>) -> Result<(f64, f64, f64)> {
        let epsilon = self.precision;
        let mut step = self.scale * epsilon.cbrt() * 0.2;
        loop {
            let (high, size) = self.value(d, step)?;
            let (low, _) = self.value(d, -step)?;
            let rounding = 8.0 * epsilon * size;
            let longer = step * 10f64.sqrt();
            if (high - low).abs() >= CLEAR * rounding || longer > LONGEST * self.scale {
                return Ok((step, (high - low) / (2.0 * step), rounding / (2.0 * step)));
            }
            step = longer;
        }
    }

    fn at(&self, d: &ArrayD<f64>, step: f64) -> Result<Tensor<M::Backend>> {
        let moved = ndarray::Zip::from(self.x).and(d).map_collect(|&x, &d| Host::<M>::of(x + step * d));
        Tensor::upload(moved.view(), &self.placement)
    }

    /// φ there, and the size of the terms it is the sum of.
    fn value(&self, d: &ArrayD<f64>, step: f64) -> Result<(f64, f64)> {
        let y = self.model.forward(&self.at(d, step)?)?.download()?;
        let terms = y.iter().zip(self.cotangent).map(|(y, v)| y.as_f64() * v);
        Ok(terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs())))
    }

    /// ⟨vjp(v), d⟩ there.
    fn derivative_along(&self, d: &ArrayD<f64>, step: f64) -> Result<f64> {
        let (y, pullback) = self.model.vjp(&self.at(d, step)?)?;
        let v = Tensor::upload(self.cotangent.mapv(Host::<M>::of).view(), &y.placement())?;
        let gradient = pullback.pull(&v)?.download()?;
        Ok(gradient.iter().zip(d).map(|(g, d)| g.as_f64() * d).sum())
    }
}
