//! By many directions and points, whether a gradient is wrong.

use std::marker::PhantomData;

use candle_core::{Device, Tensor};
use xai_core::{Differentiable, Error, GradientCheck, GradientReport, Opaque, Pullback, Result, Var, Verdict};

use super::sample::{Part, Pass, Sample, host};
use crate::error::{BATCHES, PLACES, failed};
use crate::tape::{CAUSES, on_the_tape};
use crate::{Candle, Host};

enum Judged {
    Right,
    Fault(GradientReport),
    Unclear,
}

/// The recorded code as a model of one sample, alone or in its place among others.
struct Code<'a, F, E> {
    code: &'a F,
    /// The inputs of all samples.
    x: &'a [Tensor],
    /// The place of the one.
    row: usize,
    /// What is moved of it.
    parts: &'a [Part],
    host: PhantomData<E>,
}

impl<F: Fn(&[&Tensor]) -> Result<Tensor>, E: Host> Code<'_, F, E> {
    /// The first input that is moved.
    fn first(&self) -> Option<&Tensor> {
        self.x.get(self.parts.first()?.input)
    }

    /// What the model is given: the input; of several, their numbers behind each other, each over its own size.
    fn given(&self) -> candle_core::Result<Option<Tensor>> {
        let Some(first) = self.first() else { return Ok(None) };
        if self.parts.len() == 1 {
            return Ok(Some(first.detach().narrow(0, self.row, 1)?));
        }
        let numbers = |part: &Part| part.numbers.iter().map(|x| x / part.size).collect::<Vec<f64>>();
        let all: Vec<f64> = self.parts.iter().flat_map(numbers).collect();
        let count = all.len();
        Ok(Some(Tensor::from_vec(all, (1, count), &Device::Cpu)?.to_dtype(first.dtype())?.to_device(first.device())?))
    }

    /// The inputs, with what the model is given in its places.
    fn inputs(&self, given: &Tensor) -> candle_core::Result<Vec<Tensor>> {
        let mut x = self.x.to_vec();
        let mut start = 0;
        for part in self.parts {
            let Some(all) = x.get_mut(part.input) else { continue };
            let own = match self.parts.len() {
                1 => given.clone(),
                _ => given.narrow(1, start, part.numbers.len())?.affine(part.size, 0.0)?,
            };
            start += part.numbers.len();
            let shape = all.narrow(0, self.row, 1)?.dims().to_vec();
            let (own, behind) = (own.to_dtype(all.dtype())?.reshape(shape)?, all.dim(0)? - self.row - 1);
            let others = [all.narrow(0, 0, self.row)?, own, all.narrow(0, self.row + 1, behind)?];
            *all = Tensor::cat(&others.iter().filter(|rows| rows.elem_count() > 0).collect::<Vec<_>>(), 0)?;
        }
        Ok(x)
    }

    /// The sample's output, of each row by itself.
    fn run(&self, given: &Tensor) -> Result<Tensor> {
        let of_row = |row: usize| {
            let x = given.narrow(0, row, 1).and_then(|row| self.inputs(&row)).map_err(failed)?;
            let y = (self.code)(&x.iter().collect::<Vec<_>>())?;
            y.narrow(0, self.row, 1).map_err(failed)
        };
        let rows = (0..given.dim(0).map_err(failed)?).map(of_row).collect::<Result<Vec<_>>>()?;
        Tensor::cat(&rows, 0).map_err(failed)
    }

    /// What a long comparison finds.
    fn judged(&self) -> Result<Judged> {
        let Some(given) = self.given().map_err(failed)? else { return Ok(Judged::Unclear) };
        let given = xai_core::Tensor::<Candle<E>>::new(given).download()?;
        let Ok(report) = GradientCheck::new().directions(DIRECTIONS).run(self, &given) else {
            return Ok(Judged::Unclear);
        };
        let is_fault = matches!(report.verdict, Verdict::Wrong | Verdict::WrongScale { .. } | Verdict::Cut { .. });
        Ok(match is_fault {
            false if report.is_trusted() => Judged::Right,
            // Differences of code that bends within a step do not agree with each other, and prove nothing.
            true if report.noise <= CERTAIN => Judged::Fault(report),
            _ => Judged::Unclear,
        })
    }
}

impl<F: Fn(&[&Tensor]) -> Result<Tensor>, E: Host> Differentiable for Code<'_, F, E> {
    type Backend = Candle<E>;
    fn trace<'m>(&'m self, x: &[Var<'m, Candle<E>>]) -> Result<Var<'m, Candle<E>>> {
        let forward = |x: &[xai_core::Tensor<Candle<E>>]| Ok(xai_core::Tensor::new(self.run(x[0].inner())?.detach()));
        let vjp = |x: &[xai_core::Tensor<Candle<E>>]| -> Result<(_, Pullback<'m, Candle<E>>)> {
            on_the_tape(&|x: &[&Tensor]| self.run(x[0]), x)
        };
        Ok(x[0].opaque(Opaque::with_vjp(forward, vjp)))
    }
    fn placement(&self) -> Option<crate::Placement> {
        let first = self.first()?;
        Some((first.device(), first.dtype()).into())
    }
}

/// Of a network that bends everywhere each may take thirty gradients.
const DIRECTIONS: usize = 4;
/// Differences that agree with each other to this share are evidence.
const CERTAIN: f64 = 0.05;
/// By more than this share the output or the gradient of a sample is another one in a batch.
const OTHER: f64 = 1e-3;

/// Refuses a gradient that is wrong: of the sample alone, or, where what comes of it is another in the batch, there. Or
/// says whether it is right for certain.
pub(super) fn decide<E: Host>(
    code: &impl Fn(&[&Tensor]) -> Result<Tensor>,
    pass: &Pass<'_>,
    row: usize,
) -> Result<bool> {
    let sample = Sample::of(pass, row)?;
    let alone = Code::<_, E> { code, x: &sample.x, row: 0, parts: &sample.parts, host: PhantomData };
    let of_alone = alone.judged()?;
    if let Judged::Fault(report) = of_alone {
        return Err(wrong(format!("{report}. Likely causes: {PLACES}; {CAUSES}")));
    }
    let samples = pass.samples();
    if samples < 2 || is_the_same::<E>(code, (&sample.x, &sample.v), 0, &sample)? {
        return Ok(matches!(of_alone, Judged::Right));
    }
    // What candle mixes up it mixes up for two already, which are much quicker than all.
    let two = pass.x.iter().map(|x| pair(x, row)).collect::<Result<Vec<_>>>()?;
    let as_two = || is_the_same::<E>(code, (&two, &pair(pass.v, row)?), 1, &sample);
    let (x, row_there) = if row > 0 && as_two().unwrap_or(false) { (&two[..], 1) } else { (pass.x, row) };
    let among = Code::<_, E> { x, row: row_there, ..alone };
    match among.judged()? {
        Judged::Fault(report) => Err(wrong(format!(
            "of sample {row} of a batch of {samples} (the first is 0), and not of that alone, {report}. {BATCHES}"
        ))),
        found => Ok(matches!(found, Judged::Right)),
    }
}

fn wrong(reason: String) -> Error {
    Error::WrongGradient {
        what: "code that candle's tape records".into(),
        reason: format!("{reason}. `xai::candle::without_guard` goes on without this comparison"),
    }
}

/// Whether the sample's output and gradient come out the same of these inputs and cotangents, of which it is this row.
fn is_the_same<E: Host>(
    code: &impl Fn(&[&Tensor]) -> Result<Tensor>,
    (x, v): (&[Tensor], &Tensor),
    row: usize,
    sample: &Sample,
) -> Result<bool> {
    let x: Vec<_> = x.iter().map(|x| xai_core::Tensor::<Candle<E>>::new(x.clone())).collect();
    let (y, pullback) = on_the_tape(code, &x)?;
    let same = |a: &[f64], b: &Tensor| -> Result<bool> {
        let b = host(&b.narrow(0, row, 1).map_err(failed)?)?;
        let apart = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let differs = apart > OTHER.powi(2) * b.iter().map(|b| b * b).sum::<f64>();
        Ok(!differs)
    };
    if !same(&host(&sample.y)?, y.inner())? {
        return Ok(false);
    }
    let back = pullback.pull_all(&xai_core::Tensor::new(v.clone()))?;
    for Part { input, gradient, .. } in &sample.parts {
        match back.get(*input) {
            Some(Some(found)) if same(gradient, found.inner())? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// The first sample, and another one behind it.
fn pair(t: &Tensor, row: usize) -> Result<Tensor> {
    let both = || Tensor::cat(&[t.narrow(0, 0, 1)?, t.narrow(0, row, 1)?], 0);
    both().map_err(failed)
}
