//! What has to hold before a gradient can be compared at all: the same input gives the same output and the same
//! gradient, and a row does not depend on what else is in the batch.

use ndarray::{ArrayD, Axis, Slice, concatenate};
use rand_chacha::ChaCha8Rng;

use super::directions::Sizes;
use super::report::{GradientReport, Verdict};
use crate::{Arithmetic, Differentiable, Element, Result, Tensor};

type Placement<M> = <<M as Differentiable>::Backend as Arithmetic>::Placement;
type Host<M> = <<M as Differentiable>::Backend as Arithmetic>::Elem;

/// Two passes of one input may differ by this: by the order of a GPU's sums, even in a half type.
const UNSTEADY: f64 = 1e-2;
/// A row by itself may differ by this from the same row in a batch, for which other kernels are taken.
const MIXED: f64 = 1e-3;

/// The model at one input.
pub(super) struct Steady<'a, M: Differentiable + ?Sized> {
    pub(super) model: &'a M,
    pub(super) placement: &'a Placement<M>,
    pub(super) x: &'a ArrayD<f64>,
    pub(super) output: &'a ArrayD<f64>,
}

impl<M: Differentiable + ?Sized> Steady<'_, M> {
    fn output_of(&self, x: &ArrayD<f64>) -> Result<ArrayD<f64>> {
        let x = Tensor::upload(x.mapv(Host::<M>::of).view(), self.placement)?;
        Ok(self.model.forward(&x)?.download()?.mapv(Element::as_f64))
    }

    /// A verdict if a second pass gives another output.
    pub(super) fn random(&self) -> Result<Option<GradientReport>> {
        let change = change(self.output, &self.output_of(self.x)?);
        Ok((change > UNSTEADY).then(|| GradientReport::unsteady(Verdict::Random { change }, change)))
    }

    /// The gradient, or a verdict if a second way back gives another one.
    pub(super) fn gradient(&self, cotangent: &ArrayD<f64>) -> Result<std::result::Result<ArrayD<f64>, GradientReport>> {
        let pass = || -> Result<ArrayD<f64>> {
            let x = Tensor::upload(self.x.mapv(Host::<M>::of).view(), self.placement)?;
            let (y, pullback) = self.model.vjp(&x)?;
            let v = Tensor::upload(cotangent.mapv(Host::<M>::of).view(), &y.placement())?;
            Ok(pullback.pull(&v)?.download()?.mapv(Element::as_f64))
        };
        let gradient = pass()?;
        let change = change(&gradient, &pass()?);
        if change > UNSTEADY {
            return Ok(Err(GradientReport::unsteady(Verdict::RandomGradient { change }, change)));
        }
        Ok(Ok(gradient))
    }

    /// A verdict if a row by itself has another output than in a batch: than in the input's own, or beside two rows
    /// drawn around it, where it is the only one.
    ///
    /// A model that takes no other number of rows says so by an error of its own: then nothing can be asked.
    ///
    /// `rounding` is how far an output of these may be off by rounding.
    pub(super) fn mixes_rows(
        &self,
        sizes: &Sizes,
        rounding: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<GradientReport>> {
        let row = |of: &ArrayD<f64>, row: usize| of.slice_axis(Axis(0), Slice::from(row..=row)).to_owned();
        let rows = self.x.shape().first().copied().unwrap_or(0);
        #[allow(clippy::cast_precision_loss)]
        let usual = norm(self.output.iter().copied()) / (rows.max(1) as f64).sqrt();
        let change = |together: &ArrayD<f64>, alone: &ArrayD<f64>| {
            let apart = norm(together.iter().zip(alone).map(|(a, b)| a - b)) - 16.0 * rounding;
            if apart > 0.0 { apart / usual.max(norm(together.iter().copied())) } else { 0.0 }
        };
        let mut greatest = 0.0_f64;
        if rows == 1 {
            let others = [sizes.another(self.x, rng), sizes.another(self.x, rng)];
            let Ok(batch) = concatenate(Axis(0), &[others[0].view(), self.x.view(), others[1].view()]) else {
                return Ok(None);
            };
            let Ok(outputs) = self.output_of(&batch) else { return Ok(None) };
            if outputs.shape().first() != Some(&3) {
                return Ok(None);
            }
            greatest = change(&row(&outputs, 1), self.output);
        } else {
            for place in [0, rows - 1] {
                let Ok(alone) = self.output_of(&row(self.x, place)) else { return Ok(None) };
                let together = row(self.output, place);
                if alone.shape() == together.shape() {
                    greatest = greatest.max(change(&together, &alone));
                }
            }
        }
        Ok((greatest > MIXED).then(|| GradientReport::unsteady(Verdict::MixesRows { change: greatest }, greatest)))
    }
}

/// ‖a - b‖ / ‖a‖.
fn change(a: &ArrayD<f64>, b: &ArrayD<f64>) -> f64 {
    let apart = norm(a.iter().zip(b).map(|(a, b)| a - b));
    if apart == 0.0 { 0.0 } else { apart / norm(a.iter().copied()) }
}

fn norm(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|x| x * x).sum::<f64>().sqrt()
}
