//! Mean gradients over the segments of a path: see [`Segments`].

use super::{Link, Pullback};
use crate::nn::Activation;
use crate::{Backend, Result, Tensor};

/// Rows that follow paths: `nodes` rows for each sample, one sample after another, neighbours joined by a segment.
///
/// A [`Layer::segment_vjp`](crate::Layer::segment_vjp) pulls the cotangent of row i back through the layer's mean
/// Jacobian between row i and the row behind it. For an activation f that is the slope of its secant,
/// (f(zᵢ₊₁) - f(zᵢ)) / (zᵢ₊₁ - zᵢ): the mean of f' over the segment where z moves evenly, kinks included. An affine
/// layer's Jacobian is constant. Any other layer takes the mean of its Jacobians at the two rows.
///
/// The last row of a path has no segment: what is pulled back to it means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    nodes: usize,
}

impl Segments {
    /// Paths of so many rows each; fewer than 2 have no segment.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Segments { nodes: nodes.max(1) }
    }

    /// The rows of a path.
    #[must_use]
    pub fn nodes(self) -> usize {
        self.nodes
    }

    /// `len` rows of every path, from its row `start` on.
    ///
    /// # Errors
    /// The framework's own, when a path has no such rows.
    pub fn rows<B: Backend>(self, t: &Tensor<B>, start: usize, len: usize) -> Result<Tensor<B>> {
        let shape = t.shape();
        let (rows, rest) = shape.split_first().map_or((0, &[][..]), |(rows, rest)| (*rows, rest));
        let apart = |nodes: usize| [&[rows / self.nodes, nodes], rest].concat();
        let together = [&[rows / self.nodes * len], rest].concat();
        t.reshape(&apart(self.nodes))?.narrow(1, start, len)?.reshape(&together)
    }

    /// The rows of every path put together anew, from two parts of it, each as (start, length).
    fn arranged<B: Backend>(self, t: &Tensor<B>, parts: [(usize, usize); 2]) -> Result<Tensor<B>> {
        let shape = t.shape();
        let (rows, rest) = shape.split_first().map_or((0, &[][..]), |(rows, rest)| (*rows, rest));
        let apart = t.reshape(&[&[rows / self.nodes, self.nodes], rest].concat())?;
        let [first, second] = parts.map(|(start, len)| apart.narrow(1, start, len));
        Tensor::concat(&[&first?, &second?], 1)?.reshape(&shape)
    }

    /// For every row the row behind it; the last one stays.
    fn next<B: Backend>(self, t: &Tensor<B>) -> Result<Tensor<B>> {
        self.arranged(t, [(1, self.nodes - 1), (self.nodes - 1, 1)])
    }

    /// Every row one place further on; the first one is there twice.
    fn moved_on<B: Backend>(self, t: &Tensor<B>) -> Result<Tensor<B>> {
        self.arranged(t, [(0, 1), (0, self.nodes - 1)])
    }

    /// An activation: the slopes of its secants.
    pub(crate) fn activation<'p, B: Backend>(
        self,
        f: Activation,
        z: &Tensor<B>,
        y: Tensor<B>,
    ) -> (Tensor<B>, Pullback<'p, B>) {
        let z = z.clone();
        let pull = move |v: &Tensor<B>| v.mul(&Tensor::new(B::mean_slopes(f, z.inner(), self)?));
        (y, Pullback::new(pull))
    }

    /// Any layer, from its plain pullback: the mean of those at both ends of the segment.
    pub(crate) fn both_ends<'p, B: Backend>(
        self,
        (y, pullback): (Tensor<B>, Pullback<'p, B>),
    ) -> (Tensor<B>, Pullback<'p, B>) {
        if self.nodes < 2 {
            return (y, pullback);
        }
        let pull = move |v: &Tensor<B>| {
            let here = pullback.pull(v)?;
            let there = self.next(&pullback.pull(&self.moved_on(v)?)?)?;
            here.add(&there)?.scale(0.5)
        };
        (y, Pullback::new(pull))
    }

    /// Layers one after another: neighbours that are affine as one run, as the backend likes it.
    pub(crate) fn through<'p, B: Backend>(
        self,
        links: Vec<Link<'p, B>>,
        x: &Tensor<B>,
    ) -> Result<(Tensor<B>, Pullback<'p, B>)> {
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
