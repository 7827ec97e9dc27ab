//! One sample of a recorded pass: what it is compared along.

use candle_core::{DType, Device, Tensor};
use xai_core::Result;

use crate::error::failed;

/// A recorded pass: the inputs, the output, what was pulled back, and what came back.
pub(crate) struct Pass<'a> {
    pub(crate) x: &'a [Tensor],
    pub(crate) y: &'a Tensor,
    pub(crate) v: &'a Tensor,
    pub(crate) dx: &'a [Option<Tensor>],
}

impl Pass<'_> {
    /// How many samples it has: nothing where the inputs disagree.
    pub(super) fn samples(&self) -> usize {
        let rows = |x: &Tensor| x.dims().first().copied().unwrap_or_default();
        let first = self.x.first().map(rows).unwrap_or_default();
        if self.x.iter().chain([self.y]).all(|x| rows(x) == first) { first } else { 0 }
    }

    /// Which inputs can be compared: those of numbers that are fine enough for differences, to which a gradient came.
    /// One to which nothing came is refused where it is explained, and else may be ids, which are not to be moved.
    pub(super) fn compared(&self) -> Vec<usize> {
        let fine = |x: &Tensor| matches!(x.dtype(), DType::F32 | DType::F64);
        let all = self.x.iter().zip(self.dx).enumerate();
        all.filter(|(_, (x, dx))| dx.is_some() && fine(x)).map(|(input, _)| input).collect()
    }
}

/// An input of one sample that is moved.
pub(super) struct Part {
    pub(super) input: usize,
    pub(super) numbers: Vec<f64>,
    pub(super) gradient: Vec<f64>,
    /// The root mean square of its numbers: how long a step of 1 is.
    pub(super) size: f64,
}

/// One sample, alone.
pub(super) struct Sample {
    pub(super) x: Vec<Tensor>,
    pub(super) y: Tensor,
    pub(super) v: Tensor,
    pub(super) parts: Vec<Part>,
}

impl Sample {
    pub(super) fn of(pass: &Pass<'_>, row: usize) -> Result<Self> {
        let own = |t: &Tensor| t.detach().narrow(0, row, 1).map_err(failed);
        let x = pass.x.iter().map(own).collect::<Result<Vec<_>>>()?;
        let mut parts = Vec::new();
        for input in pass.compared() {
            let (Some(x), Some(Some(dx))) = (x.get(input), pass.dx.get(input)) else { continue };
            let numbers = host(x)?;
            let size = size(&numbers);
            parts.push(Part { input, gradient: host(&own(dx)?)?, numbers, size });
        }
        Ok(Sample { x, y: own(pass.y)?, v: own(pass.v)?, parts })
    }

    /// How many numbers are moved.
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.numbers.len()).sum()
    }

    /// The inputs with all numbers moved along a direction, and the change that the gradient expects of what they
    /// became in their own type.
    pub(super) fn moved(&self, direction: &[f64], step: f64) -> Result<(Vec<Tensor>, f64)> {
        let (mut x, mut expected, mut rest) = (self.x.clone(), 0.0, direction);
        for Part { input, numbers, gradient, size } in &self.parts {
            let (own, others) = rest.split_at_checked(numbers.len()).unwrap_or((rest, &[]));
            rest = others;
            let to: Vec<f64> = numbers.iter().zip(own).map(|(x, d)| x + step * size * d).collect();
            let Some(still) = x.get_mut(*input) else { continue };
            let moved = Tensor::from_vec(to, still.dims(), &Device::Cpu)
                .and_then(|t| t.to_dtype(still.dtype())?.to_device(still.device()))
                .map_err(failed)?;
            let steps = host(&moved)?;
            expected +=
                gradient.iter().zip(steps.iter().zip(numbers)).map(|(g, (to, from))| g * (to - from)).sum::<f64>();
            *still = moved;
        }
        Ok((x, expected))
    }

    /// The root mean square of the change along a random direction, for a step of 1, as the gradient says it.
    pub(super) fn typical(&self) -> f64 {
        let squares = |part: &Part| part.size.powi(2) * part.gradient.iter().map(|g| g * g).sum::<f64>();
        self.parts.iter().map(squares).sum::<f64>().sqrt()
    }
}

/// The numbers of a tensor.
pub(super) fn host(t: &Tensor) -> Result<Vec<f64>> {
    let flat = t.flatten_all().and_then(|t| t.to_dtype(DType::F64)).map_err(failed)?;
    flat.to_vec1().map_err(failed)
}

fn size(numbers: &[f64]) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let rms = (numbers.iter().map(|x| x * x).sum::<f64>() / numbers.len().max(1) as f64).sqrt();
    if rms > 0.0 && rms.is_finite() { rms } else { 1.0 }
}
