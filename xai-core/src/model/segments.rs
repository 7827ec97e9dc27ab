//! Mean gradients over the segments of a path: see [`Segments`].

use std::cell::{Cell, RefCell};

use super::{Link, Pullback};
use crate::nn::{Activation, MaxPool2d, Op};
use crate::{Backend, Error, Layer, Result, Tensor};

/// A pass of rows that follow paths: `nodes` rows for each sample, one sample after another, each joined by a segment to
/// the row before it; the first one to the last row of the pass before.
///
/// A [`Layer::segment_vjp`](crate::Layer::segment_vjp) pulls the cotangent of row i back through the layer's mean
/// Jacobian between the row before it and row i. For an activation f that is the slope of its secant,
/// (f(zᵢ) - f(zᵢ₋₁)) / (zᵢ - zᵢ₋₁): the mean of f' over the segment where z moves evenly, kinks included. In a window of
/// max pooling the maximum moves from one number to another where the two are equal, and each gets its part of the way
/// ([`Backend::max_pool_segments`]). An affine layer's Jacobian is constant. Any other layer takes the mean of its
/// Jacobians at the two rows.
///
/// What the layers were given at the last row is kept for the [`next`](Segments::next) pass. In a first pass the first
/// rows have no segment: what is pulled back to them are gradients at a point.
#[derive(Debug)]
pub struct Segments<B: Backend> {
    nodes: usize,
    /// What each layer was given at the last row of the pass before; nothing in a first pass.
    before: Option<Vec<Tensor<B>>>,
    /// How many of these were asked for already.
    asked: Cell<usize>,
    /// What each layer is given at the last row of this pass.
    last: RefCell<Vec<Tensor<B>>>,
}

impl<B: Backend> Segments<B> {
    /// A first pass, of so many rows for each path, at least 1.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Segments { nodes: nodes.max(1), before: None, asked: Cell::new(0), last: RefCell::default() }
    }

    /// The pass that follows this one, through the same layers.
    #[must_use]
    pub fn next(self, nodes: usize) -> Self {
        Segments { before: Some(self.last.into_inner()), ..Segments::new(nodes) }
    }

    /// The rows of a path in this pass.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// `len` rows of every path, from its row `start` on.
    ///
    /// # Errors
    /// The framework's own, when a path has no such rows.
    pub fn rows(&self, t: &Tensor<B>, start: usize, len: usize) -> Result<Tensor<B>> {
        self.paths().rows(t, start, len)
    }

    fn paths(&self) -> Paths {
        Paths { nodes: self.nodes }
    }

    /// What a layer was given at the last row of the pass before, if this is no first pass, in exchange for what it is
    /// given now: layers ask in the same order in every pass.
    fn before(&self, x: &Tensor<B>) -> Result<Option<Tensor<B>>> {
        let last = match self.nodes {
            1 => x.clone(),
            // A copy, so that the other rows are not kept.
            nodes => self.rows(x, nodes - 1, 1)?.scale(1.0)?,
        };
        self.last.borrow_mut().push(last);
        let asked = self.asked.replace(self.asked.get() + 1);
        let Some(before) = &self.before else { return Ok(None) };
        let layers_changed = || Error::backend(B::NAME, "the layers are not those of the pass before");
        before.get(asked).cloned().map(Some).ok_or_else(layers_changed)
    }

    /// An activation: the slopes of its secants; y is its output at z.
    pub(crate) fn activation<'p>(
        &self,
        f: Activation,
        z: &Tensor<B>,
        y: Tensor<B>,
    ) -> Result<(Tensor<B>, Pullback<'p, B>)> {
        let (z, paths, before) = (z.clone(), self.paths(), self.before(z)?);
        let pull = move |v: &Tensor<B>| {
            Error::check_shape("cotangent", &z.shape(), &v.shape())?;
            let from = before.as_ref().map(|before| paths.moved_on(before, &z)).transpose()?;
            B::secant_pull(f, from.as_ref().unwrap_or(&z).inner(), z.inner(), v.inner()).map(Tensor::new)
        };
        Ok((y, Pullback::new(pull)))
    }

    /// Max pooling: the shares of the maxima at both ends. `vjp` is its plain one, for rows without a segment.
    pub(crate) fn max_pool<'p>(
        &self,
        pool: &MaxPool2d,
        x: &Tensor<B>,
        vjp: impl FnOnce(&Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)>,
    ) -> Result<(Tensor<B>, Pullback<'p, B>)> {
        match self.before(x)? {
            Some(before) => B::max_pool_segments(pool, &self.paths().joined(&before, x)?, self.nodes + 1),
            None => vjp(x),
        }
    }

    /// Any layer, from its plain vjp: the mean of the pullbacks at both ends of the segment.
    pub(crate) fn both_ends<'p>(
        &self,
        x: &Tensor<B>,
        vjp: impl FnOnce(&Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)>,
    ) -> Result<(Tensor<B>, Pullback<'p, B>)> {
        let Some(before) = self.before(x)? else { return vjp(x) };
        // One row more for each path, in front.
        let (paths, longer) = (self.paths(), Paths { nodes: self.nodes + 1 });
        let (y, pullback) = vjp(&paths.joined(&before, x)?)?;
        let pull = move |v: &Tensor<B>| {
            let (first, last) = (paths.rows(v, 0, 1)?, paths.rows(v, paths.nodes - 1, 1)?);
            let at_rows = pullback.pull(&paths.joined(&first, v)?)?;
            let here = longer.rows(&at_rows, 1, paths.nodes)?;
            // With one row, both ends were pulled back at once.
            let before_them = if paths.nodes == 1 { at_rows } else { pullback.pull(&paths.extended(v, &last)?)? };
            let there = longer.rows(&before_them, 0, paths.nodes)?;
            here.add(&there)?.scale(0.5)
        };
        Ok((longer.rows(&y, 1, self.nodes)?, Pullback::new(pull)))
    }

    /// Layers one after another: neighbours that are affine as one run, as the backend likes it.
    pub(crate) fn through<'p>(&self, links: Vec<Link<'p, B>>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)> {
        let mut y = x.clone();
        let mut pulls = Vec::new();
        let mut links = links.into_iter().peekable();
        while let Some(link) = links.next() {
            let (next, pull) = if link.layer().is_affine() {
                let mut run = vec![link];
                while let Some(neighbour) = links.next_if(|link| link.layer().is_affine()) {
                    run.push(neighbour);
                }
                B::vjp_run(run, &y)?
            } else {
                link.into_segment_vjp(self, &y)?
            };
            pulls.push(pull);
            y = next;
        }
        Ok((y, Pullback::new(move |v| pulls.iter().rev().try_fold(v.clone(), |v, pull| pull.pull(&v)))))
    }
}

/// How a layer that is not affine is pulled back over a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bend {
    Activation(Activation),
    MaxPool2d(MaxPool2d),
    Unknown,
}

impl Bend {
    pub(crate) fn of<B: Backend>(layer: &(impl Layer<B> + ?Sized)) -> Self {
        let mut bend = Bend::Unknown;
        layer.as_op(&mut |op| match op {
            Op::Activation(f) => bend = Bend::Activation(*f),
            Op::MaxPool2d(pool) => bend = Bend::MaxPool2d(*pool),
            _ => (),
        });
        bend
    }
}

/// Rows of paths, `nodes` for each.
#[derive(Debug, Clone, Copy)]
struct Paths {
    nodes: usize,
}

impl Paths {
    fn apart<B: Backend>(self, t: &Tensor<B>) -> Result<Tensor<B>> {
        let shape = t.shape();
        let (rows, rest) = shape.split_first().map_or((0, &[][..]), |(rows, rest)| (*rows, rest));
        t.reshape(&[&[rows / self.nodes, self.nodes], rest].concat())
    }

    fn rows<B: Backend>(self, t: &Tensor<B>, start: usize, len: usize) -> Result<Tensor<B>> {
        together(&self.apart(t)?.narrow(1, start, len)?)
    }

    /// One row for each path, and its rows behind it.
    fn joined<B: Backend>(self, first: &Tensor<B>, t: &Tensor<B>) -> Result<Tensor<B>> {
        together(&Tensor::concat(&[&Paths { nodes: 1 }.apart(first)?, &self.apart(t)?], 1)?)
    }

    /// The rows of each path, and one row behind them.
    fn extended<B: Backend>(self, t: &Tensor<B>, last: &Tensor<B>) -> Result<Tensor<B>> {
        together(&Tensor::concat(&[&self.apart(t)?, &Paths { nodes: 1 }.apart(last)?], 1)?)
    }

    /// For every row the one before it.
    fn moved_on<B: Backend>(self, before: &Tensor<B>, t: &Tensor<B>) -> Result<Tensor<B>> {
        match self.nodes {
            1 => Ok(before.clone()),
            nodes => Paths { nodes: nodes - 1 }.joined(before, &self.rows(t, 0, nodes - 1)?),
        }
    }
}

fn together<B: Backend>(paths: &Tensor<B>) -> Result<Tensor<B>> {
    let shape = paths.shape();
    let rows = shape.iter().take(2).product();
    paths.reshape(&[&[rows], shape.get(2..).unwrap_or_default()].concat())
}
