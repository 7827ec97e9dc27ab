//! Finite differences with a step that is found by trying.

use ndarray::ArrayD;

use crate::{Differentiable, Element, Result, Tensor};

/// φ(x + t·d) = ⟨v, f(x + t·d)⟩ around one input.
pub(super) struct Probe<'a, M: Differentiable + ?Sized> {
    model: &'a M,
    x: &'a ArrayD<f64>,
    cotangent: ArrayD<f64>,
    /// The size of the input's numbers, which steps are relative to.
    scale: f64,
}

impl<'a, M: Differentiable + ?Sized> Probe<'a, M> {
    pub(super) fn new(model: &'a M, x: &'a ArrayD<f64>, cotangent: ArrayD<f64>) -> Self {
        #[allow(clippy::cast_precision_loss)]
        let rms = (x.iter().map(|v| v * v).sum::<f64>() / x.len().max(1) as f64).sqrt();
        Probe { model, x, cotangent, scale: if rms > 0.0 && rms.is_finite() { rms } else { 1.0 } }
    }

    /// The derivative along d, and how uncertain it is.
    pub(super) fn derivative_along(&self, d: &ArrayD<f64>) -> Result<(f64, f64)> {
        let mut best: Option<(f64, f64)> = None;
        let mut before: Option<f64> = None;
        for exponent in self.steps() {
            let step = self.scale * 10f64.powf(exponent);
            let difference = (self.value(d, step)? - self.value(d, -step)?) / (2.0 * step);
            if let Some(before) = before {
                let doubt = (difference - before).abs();
                if doubt.is_finite() && best.is_none_or(|(_, least)| doubt < least) {
                    best = Some((difference, doubt));
                }
            }
            before = Some(difference);
        }
        Ok(best.unwrap_or((f64::NAN, f64::INFINITY)))
    }

    /// Steps from coarse to fine, as powers of ten, for the precision of the model's numbers.
    fn steps(&self) -> impl Iterator<Item = f64> {
        let finest = if size_of::<<M::Backend as crate::Backend>::Elem>() == 4 { 9 } else { 14 };
        (2..=finest).map(|half| -0.5 * f64::from(half))
    }

    fn value(&self, d: &ArrayD<f64>, step: f64) -> Result<f64> {
        let moved = ndarray::Zip::from(self.x)
            .and(d)
            .map_collect(|&x, &d| <<M::Backend as crate::Backend>::Elem as Element>::of(x + step * d));
        let x = Tensor::upload(moved.view(), &self.model.placement())?;
        let y = self.model.forward(&x)?.download()?;
        Ok(y.iter().zip(&self.cotangent).map(|(y, v)| y.as_f64() * v).sum())
    }
}
