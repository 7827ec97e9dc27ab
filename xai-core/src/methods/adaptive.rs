//! A path integral to a tolerance, by refinement where the gradient changes most.

use super::grading::{graded, graded_slope};
use super::interpolation::{Path, PathMean};
use super::tolerance::{Convergence, FEWEST};
use crate::explain::{Analyzer, Call, Selection, Target};
use crate::passes::{Running, even_parts, weighted_sum};
use crate::{Backend, Differentiable, Element, Error, Result, Tensor};

/// The path is cut into so many panels, each refined by itself: what is kept is one sum for each.
const PANELS: usize = 4;

/// A round of refinement has at least so many new points, whatever the chunk, so that passes are filled.
const ROUND: usize = 8;

/// A part of the path, and the trapezoid rule for it: ∫ g(α(t)) α'(t) dt over `cells` cells of equal length in t.
struct Panel<B: Backend> {
    cells: usize,
    /// Of each explained input.
    sum: Option<Many<B>>,
    /// ‖what the last halving of the cells changed‖₂ of the values.
    change: f64,
}

/// A tensor for each explained input.
type Many<B> = Vec<Tensor<B>>;

fn both<B: Backend>(
    a: &[Tensor<B>],
    b: &[Tensor<B>],
    of: impl Fn(&Tensor<B>, &Tensor<B>) -> Result<Tensor<B>>,
) -> Result<Many<B>> {
    a.iter().zip(b).map(|(a, b)| of(a, b)).collect()
}

fn scaled<B: Backend>(t: &[Tensor<B>], scale: f64) -> Result<Many<B>> {
    t.iter().map(|t| t.scale(scale)).collect()
}

/// A new point of a panel: its place t, and its weight.
struct Point {
    panel: usize,
    t: f64,
    weight: f64,
}

impl<B: Backend> Panel<B> {
    /// The middles of the cells, which halving them adds.
    #[allow(clippy::cast_precision_loss)]
    fn middles(&self, panel: usize) -> impl Iterator<Item = Point> {
        let cell = 1.0 / (PANELS * self.cells) as f64;
        let start = panel as f64 / PANELS as f64;
        (0..self.cells).map(move |i| {
            let t = start + cell * (i as f64 + 0.5);
            Point { panel, t, weight: cell / 2.0 * graded_slope(t) }
        })
    }

    fn add(&mut self, part: Many<B>) -> Result<()> {
        self.sum = Some(match self.sum.take() {
            Some(sum) => both(&sum, &part, Tensor::add)?,
            None => part,
        });
        Ok(())
    }

    /// The squared error that one evaluation is hoped to take away.
    #[allow(clippy::cast_precision_loss)]
    fn promise(&self) -> f64 {
        self.change * self.change / self.cells as f64
    }
}

impl<B: Backend, M: Differentiable<Backend = B> + ?Sized, A: Analyzer<M>> Path<'_, M, A> {
    /// The mean along the path of one sample, refined until the tolerance is met or the limit is reached.
    ///
    /// Points crowd towards the reference as those of [`Quadrature::Graded`](super::Quadrature::Graded); every panel
    /// has the trapezoid rule, whose cells are halved in the panel where that promises most. A network's gradient
    /// changes by many small jumps, so that along the path it is like a random walk: halving the cells then takes three
    /// quarters of the squared error away, and ‖change‖₂² / 3 is what is left. Where the gradient is smooth, less is
    /// left.
    pub(super) fn mean_to_tolerance(&self, progress: &mut Running<'_>) -> Result<PathMean<B>> {
        let (tolerance, call) = (self.settings.tolerance, self.call);
        progress.expect(FEWEST);
        let at_end = self.subject.attribute(&call)?;
        self.check_values(&at_end)?;
        let selection = call.target.settle_for(call.inputs, &at_end.output)?;
        let at_start = Call { inputs: self.x0, target: Target::Chosen(&selection), ..call };
        let at_start = self.subject.attribute(&at_start)?;
        progress.advance(2)?;
        let change =
            selection.pick(&at_end.output.widen()?.sub(&at_start.output.widen()?)?)?.first().copied().unwrap_or(0.0);

        let mut panels: Vec<_> = (0..PANELS).map(|_| Panel { cells: 1, sum: None, change: f64::INFINITY }).collect();
        let edges =
            self.edges(&at_start.values, &at_end.values, |points| self.gradients(&selection, points, progress))?;
        for (panel, part) in panels.iter_mut().zip(edges) {
            panel.add(part)?;
        }
        let mut evaluations = PANELS + 1;
        loop {
            let points = chosen_points(&panels, tolerance.max_n().saturating_sub(evaluations));
            evaluations += points.len();
            let refined = self.gradients(&selection, &points, progress)?;
            for (index, panel) in panels.iter_mut().enumerate() {
                let Some(added) = refined_part(&points, &refined, index) else { continue };
                let before = panel.sum.take().map_or_else(|| scaled(&added, 0.0), |sum| scaled(&sum, 0.5))?;
                panel.change = norm(&(self.to_values)(&both(&added, &before, Tensor::sub)?)?)?;
                panel.sum = Some(both(&before, &added, Tensor::add)?);
                panel.cells *= 2;
            }
            let mean = total(&panels)?;
            let values = (self.to_values)(&mean)?;
            let size = norm(&values)?;
            let left = (panels.iter().map(|panel| panel.change * panel.change).sum::<f64>() / 3.0).sqrt();
            let gap = values.iter().map(sum_of).sum::<Result<f64>>()? - change;
            let (error, gap) = (relative(left, size), relative(gap, size.max(change.abs())));
            let within = tolerance.allows(error, gap);
            let more = chosen_points(&panels, tolerance.max_n().saturating_sub(evaluations)).len();
            if within || more == 0 || !error.is_finite() {
                let spent = Some(Convergence { evaluations, error, within });
                return Ok(PathMean { mean, output: at_end.output, output0: at_start.output, selection, spent });
            }
            progress.expect(more);
        }
    }

    /// The panels' first sums: the trapezoid rule over one cell, from the gradients at both of its ends.
    fn edges(
        &self,
        at_start: &[Tensor<B>],
        at_end: &[Tensor<B>],
        gradients: impl FnOnce(&[Point]) -> Result<Vec<Many<B>>>,
    ) -> Result<Vec<Many<B>>> {
        #[allow(clippy::cast_precision_loss)]
        let place = |edge: usize| edge as f64 / PANELS as f64;
        let inner: Vec<Point> = (1..PANELS).map(|panel| Point { panel, t: place(panel), weight: 1.0 }).collect();
        let widened = |t: &[Tensor<B>]| t.iter().map(Tensor::widen).collect::<Result<Many<B>>>();
        let mut edges = vec![widened(at_start)?];
        edges.extend(gradients(&inner)?);
        edges.push(widened(at_end)?);
        let half_cell = place(1) / 2.0;
        let weighted =
            |edge: usize| edges.get(edge).map(|g| scaled(g, half_cell * graded_slope(place(edge)))).transpose();
        (0..PANELS)
            .map(|panel| match (weighted(panel)?, weighted(panel + 1)?) {
                (Some(from), Some(to)) => both(&from, &to, Tensor::add),
                (from, to) => from.or(to).ok_or_else(|| Error::backend(B::NAME, "a pass gave fewer rows than it got")),
            })
            .collect()
    }

    /// The weighted gradients at the points, added up over neighbours of the same panel: one for each run of them.
    fn gradients(&self, selection: &Selection, points: &[Point], progress: &mut Running<'_>) -> Result<Vec<Many<B>>> {
        let differences = self.differences()?;
        let mut sums: Vec<Many<B>> = Vec::new();
        let mut last = None;
        for (start, len) in even_parts(points.len(), self.chunk) {
            let Some(pass) = points.get(start..start + len).filter(|pass| !pass.is_empty()) else { continue };
            let alphas: Vec<f64> = pass.iter().map(|point| graded(point.t)).collect();
            let (copies, samples) = (self.points(&differences, &alphas)?, self.samples(len));
            let rows = selection.repeat(len);
            let target = Target::Chosen(&rows);
            let found = self.subject.attribute(&Call { inputs: &copies, target, samples: &samples, ..self.call })?;
            let values = found.values.iter().map(Tensor::widen).collect::<Result<Many<B>>>()?;
            let mut row = 0;
            for run in pass.chunk_by(|a, b| a.panel == b.panel) {
                let weights: Vec<f64> = run.iter().map(|point| point.weight).collect();
                let weighted = |values: &Tensor<B>| weighted_sum(&values.narrow(0, row, run.len())?, &weights);
                let part = values.iter().map(weighted).collect::<Result<Many<B>>>()?;
                row += run.len();
                let panel = run.first().map(|point| point.panel);
                match sums.last_mut().filter(|_| last == panel) {
                    Some(sum) => *sum = both(sum, &part, Tensor::add)?,
                    None => sums.push(part),
                }
                last = panel;
            }
            progress.advance(len)?;
        }
        Ok(sums)
    }
}

/// The new points of the next round: of the panels that promise most, as long as all fit into what is left.
fn chosen_points<B: Backend>(panels: &[Panel<B>], left: usize) -> Vec<Point> {
    let mut order: Vec<usize> = (0..panels.len()).collect();
    order.sort_by(|&a, &b| panels[b].promise().total_cmp(&panels[a].promise()));
    let mut points = Vec::new();
    for index in order {
        let panel = &panels[index];
        // Without a first change nothing is known: all panels are halved once.
        let wanted = panel.change.is_infinite() || (points.len() < ROUND && panel.change > 0.0);
        if wanted && points.len() + panel.cells <= left {
            points.extend(panel.middles(index));
        }
    }
    points
}

/// What [`Path::gradients`] gave for a panel, if it had points.
fn refined_part<B: Backend>(points: &[Point], sums: &[Many<B>], panel: usize) -> Option<Many<B>> {
    let runs: Vec<usize> =
        points.chunk_by(|a, b| a.panel == b.panel).filter_map(|run| Some(run.first()?.panel)).collect();
    runs.iter().position(|&of| of == panel).and_then(|run| sums.get(run)).cloned()
}

fn total<B: Backend>(panels: &[Panel<B>]) -> Result<Many<B>> {
    let mut sums = panels.iter().filter_map(|panel| panel.sum.as_ref());
    let first = sums.next().ok_or_else(|| Error::backend(B::NAME, "a path without panels"))?.clone();
    sums.try_fold(first, |total, sum| both(&total, sum, Tensor::add))
}

fn sum_of<B: Backend>(t: &Tensor<B>) -> Result<f64> {
    let axes: Vec<usize> = (0..t.shape().len()).collect();
    Ok(t.sum(&axes)?.download()?.iter().map(|v| v.as_f64()).sum())
}

fn norm<B: Backend>(t: &[Tensor<B>]) -> Result<f64> {
    Ok(t.iter().map(|t| sum_of(&t.mul(t)?)).sum::<Result<f64>>()?.sqrt())
}

/// A share of nothing is nothing, if it is nothing itself.
fn relative(part: f64, whole: f64) -> f64 {
    if part == 0.0 { 0.0 } else { part / whole }
}
