//! Passes over the points of a curve.

use super::curve::Curve;
use crate::explain::{Attribution, Call, Selection, Target};
use crate::passes::{at_least, repeated};
use crate::{Backend, Differentiable, Error, Result, Tensor};

/// A way to the rows of a call, for each explained input.
pub(super) struct Walk<'a, B: Backend, C> {
    pub(super) curves: &'a Curves<C>,
    pub(super) call: Call<'a, B>,
}

/// One curve for all explained inputs, or one for each.
#[derive(Debug, Clone)]
pub(super) struct Curves<C>(pub(super) Vec<C>);

impl<C> Curves<C> {
    fn of(&self, input: usize) -> Option<&C> {
        self.0.get(if self.0.len() == 1 { 0 } else { input })
    }

    pub(super) fn name<B: Backend>(&self) -> String
    where
        C: Curve<B>,
    {
        self.0.first().map(Curve::name).unwrap_or_default()
    }

    pub(super) fn check<'a, B: Backend>(&self, analyzer: &str, inputs: impl Iterator<Item = &'a [usize]>) -> Result<()>
    where
        C: Curve<B>,
    {
        let inputs: Vec<&[usize]> = inputs.collect();
        if self.0.len() != 1 && self.0.len() != inputs.len() {
            let (curves, inputs) = (self.0.len(), inputs.len());
            return Err(Error::Unsupported {
                analyzer: analyzer.into(),
                reason: format!("{curves} curves were given for {inputs} explained input(s)"),
            });
        }
        inputs.iter().enumerate().filter_map(|(i, input)| Some((self.of(i)?, input))).try_for_each(|(c, i)| c.check(i))
    }
}

impl<B: Backend, C: Curve<B>> Walk<'_, B, C> {
    /// The points at each α, of every input: one that is not explained is repeated.
    pub(super) fn points(&self, alphas: &[f64]) -> Result<Vec<Tensor<B>>> {
        let mut curves = 0..;
        let of_input = |(x, &explained): (&Tensor<B>, &bool)| {
            let curve = explained.then(|| curves.next()).flatten().and_then(|input| self.curves.of(input));
            match curve {
                Some(curve) => {
                    let points = curve.points(x, self.call.samples, alphas)?;
                    let mut shape = x.shape();
                    shape.iter_mut().take(1).for_each(|rows| *rows *= alphas.len());
                    Error::check_shape(&format!("points of {}", curve.name()), &shape, &points.shape())?;
                    Ok(points)
                }
                None => repeated(x, alphas.len()),
            }
        };
        self.call.inputs.iter().zip(self.call.explained).map(of_input).collect()
    }

    /// γ(eᵢ₊₁) - γ(eᵢ) of each explained input, between neighbours of so many places.
    pub(super) fn chords(&self, edges: &[f64]) -> Result<Vec<Tensor<B>>> {
        let points = self.points(edges)?;
        let explained = points.iter().zip(self.call.explained).filter(|(_, explained)| **explained);
        explained.map(|(points, _)| between_neighbours(points, edges.len())).collect()
    }

    /// For n points of each row, whose sample they are of.
    pub(super) fn samples(&self, n: usize) -> Vec<usize> {
        self.call.samples.iter().flat_map(|&of| std::iter::repeat_n(of, n)).collect()
    }

    /// The gradients at the points of each α.
    pub(super) fn gradients<M: Differentiable<Backend = B> + ?Sized>(
        &self,
        model: &M,
        selection: &Selection,
        alphas: &[f64],
    ) -> Result<Attribution<B>> {
        let (points, samples) = (self.points(alphas)?, self.samples(alphas.len()));
        let rows = selection.repeat(alphas.len());
        let part = Call { inputs: &points, target: Target::Chosen(&rows), samples: &samples, ..self.call };
        part.one_way_back(model, crate::WayBack::Gradient)
    }

    /// The output at one α.
    pub(super) fn output<M: Differentiable<Backend = B> + ?Sized>(
        &self,
        model: &M,
        selection: &Selection,
        alpha: f64,
    ) -> Result<Tensor<B>> {
        let part = Call { target: Target::Chosen(selection), ..self.call };
        part.graph(model)?.forward(&self.points(&[alpha])?)
    }
}

/// For each row, the differences of the neighbours among its points: (rows · points, ...) to (rows · (points - 1),
/// ...).
pub(super) fn between_neighbours<B: Backend>(points: &Tensor<B>, of_row: usize) -> Result<Tensor<B>> {
    at_least("points", of_row, 2)?;
    let shape = points.shape();
    let (rows, rest) = (shape.first().copied().unwrap_or(0) / of_row, shape.get(1..).unwrap_or_default());
    let apart = points.reshape(&[&[rows, of_row], rest].concat())?;
    let steps = apart.narrow(1, 1, of_row - 1)?.sub(&apart.narrow(1, 0, of_row - 1)?)?;
    steps.reshape(&[&[rows * (of_row - 1)], rest].concat())
}

/// Σ values - change, of each row.
pub(super) fn completeness_gap<B: Backend>(values: &[Tensor<B>], change: &[f64]) -> Result<Vec<f64>> {
    use crate::Element;
    let mut gap: Vec<f64> = change.iter().map(|change| -change).collect();
    for values in values {
        let axes: Vec<usize> = (1..values.shape().len()).collect();
        gap.iter_mut().zip(&values.sum(&axes)?.download()?).for_each(|(gap, total)| *gap += total.as_f64());
    }
    Ok(gap)
}
