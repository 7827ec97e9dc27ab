//! The output on short segments around an input, and its derivative there.

use ndarray::{ArrayD, Zip};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{Arithmetic, Differentiable, Element, Result, Tensor};

/// In so many parts the values of a segment are looked at.
pub(super) const CELLS: usize = 27;
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
    /// The relative precision of the model's numbers.
    precision: f64,
    /// How far φ moves where the last digits of the input do: rounding inside of the network shows itself like that.
    trembling: f64,
}

type Host<M> = <<M as Differentiable>::Backend as Arithmetic>::Elem;
type Placement<M> = <<M as Differentiable>::Backend as Arithmetic>::Placement;

/// A segment x - t·d .. x + t·d.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// t.
    pub(super) step: f64,
    /// The mean slope between the ends, and what rounding may add to it.
    pub(super) numeric: f64,
    pub(super) rounding: f64,
}

impl<'a, M: Differentiable + ?Sized> Probe<'a, M> {
    pub(super) fn new(
        model: &'a M,
        placement: &'a Placement<M>,
        x: &'a ArrayD<f64>,
        cotangent: &'a ArrayD<f64>,
        precision: f64,
    ) -> Self {
        Probe { model, placement, x, cotangent, precision, trembling: 0.0 }
    }

    /// Looks what the rounding of the input alone does to φ.
    ///
    /// An output of ordinary size may be the difference of large numbers inside of the network, as the softmax of large
    /// logits is: its own size says nothing about its rounding.
    pub(super) fn with_trembling(mut self, output: &ArrayD<f64>, rng: &mut ChaCha8Rng) -> Result<Self> {
        let still: f64 = output.iter().zip(self.cotangent).map(|(y, v)| y * v).sum();
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

    /// The mean slopes of so many parts of the segment, by the values at their ends: how the derivative changes on the
    /// way, as far as forward passes show it. A step that is so steep that all points of the derivative lie beside it
    /// shows here.
    pub(super) fn cells(&self, d: &ArrayD<f64>, step: f64) -> Result<Vec<f64>> {
        #[allow(clippy::cast_precision_loss)]
        let edge = |cell: usize| 2.0 * cell as f64 / CELLS as f64 - 1.0;
        let values = (0..=CELLS).map(|cell| Ok(self.value(d, edge(cell) * step)?.0)).collect::<Result<Vec<_>>>()?;
        #[allow(clippy::cast_precision_loss)]
        let slopes = values.windows(2).map(|v| (v[1] - v[0]) * CELLS as f64 / (2.0 * step));
        Ok(slopes.collect())
    }

    /// A segment whose ends differ clearly, or the longest there is.
    ///
    /// Steps are tried from `first` on, or from the shortest there is.
    pub(super) fn change_along(&self, d: &ArrayD<f64>, first: f64) -> Result<Segment> {
        let epsilon = self.precision;
        let mut step = first.max(epsilon.cbrt() * 0.2);
        loop {
            let (high, size) = self.value(d, step)?;
            let (low, _) = self.value(d, -step)?;
            let rounding = (8.0 * epsilon * size).max(4.0 * self.trembling);
            let longer = step * 10f64.sqrt();
            if (high - low).abs() >= CLEAR * rounding || longer > LONGEST {
                let numeric = (high - low) / (2.0 * step);
                return Ok(Segment { step, numeric, rounding: rounding / (2.0 * step) });
            }
            step = longer;
        }
    }

    /// d, as the rounded ends of a segment have it.
    pub(super) fn rounded(&self, d: &ArrayD<f64>, step: f64) -> ArrayD<f64> {
        Zip::from(self.x).and(d).map_collect(|&x, &d| {
            let end = |step: f64| Host::<M>::of(x + step * d).as_f64();
            (end(step) - end(-step)) / (2.0 * step)
        })
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
    pub(super) fn derivative(&self, d: &ArrayD<f64>, along: &ArrayD<f64>, step: f64) -> Result<f64> {
        let (y, pullback) = self.model.vjp(&self.at(d, step)?)?;
        let v = Tensor::upload(self.cotangent.mapv(Host::<M>::of).view(), &y.placement())?;
        let gradient = pullback.pull(&v)?.download()?;
        Ok(gradient.iter().zip(along).map(|(g, d)| g.as_f64() * d).sum())
    }
}
