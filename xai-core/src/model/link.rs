//! One layer of a chain, with its name.

use std::fmt;

use super::segments::Bend;
use crate::{Backend, Error, Layer, Pullback, Result, Segments, Tensor};

/// A layer of a [`Chain`](crate::Chain), borrowed or owned, with the names that lead to it, for messages.
pub struct Link<'a, B: Backend> {
    /// The outermost first.
    names: Vec<&'a str>,
    held: Held<'a, B>,
}

enum Held<'a, B: Backend> {
    Borrowed(&'a (dyn Layer<B> + 'a)),
    Owned(Box<dyn Layer<B> + 'a>),
}

impl<'a, B: Backend> Link<'a, B> {
    pub(crate) fn borrowed(names: Vec<&'a str>, layer: &'a (dyn Layer<B> + 'a)) -> Self {
        Link { names, held: Held::Borrowed(layer) }
    }

    pub(crate) fn owned(names: Vec<&'a str>, layer: Box<dyn Layer<B> + 'a>) -> Self {
        Link { names, held: Held::Owned(layer) }
    }

    /// The same layer, borrowed from this link.
    pub(crate) fn by_ref(&self) -> Link<'_, B> {
        Link::borrowed(self.names.clone(), self.layer())
    }

    /// The same layer, inside of something that has a name too.
    pub(crate) fn within(mut self, name: &'a str) -> Self {
        self.names.insert(0, name);
        self
    }

    /// The layers that the layer is made of, and theirs, down to those that are made of none.
    pub(crate) fn flat(self) -> Vec<Link<'a, B>> {
        // What an owned layer is made of cannot outlive it.
        let Held::Borrowed(layer) = self.held else { return vec![self] };
        let Some(parts) = layer.layers() else { return vec![self] };
        let parts = parts.into_links().into_iter().flat_map(Link::flat);
        parts.map(|part| self.names.iter().rev().fold(part, |part, name| part.within(name))).collect()
    }

    /// The layer itself.
    pub fn layer(&self) -> &(dyn Layer<B> + 'a) {
        match &self.held {
            Held::Borrowed(layer) => *layer,
            Held::Owned(layer) => layer.as_ref(),
        }
    }

    /// The name that messages call it by: the innermost; none for a layer that is alone.
    pub fn name(&self) -> Option<&'a str> {
        self.names.last().copied()
    }

    /// An error, as one that happened in this layer.
    pub fn blame(&self, error: Error) -> Error {
        in_layers(error, &self.names)
    }

    /// y = f(x), without a tape; an error names the layer.
    ///
    /// # Errors
    /// The layer's own.
    pub fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        self.layer().forward(x).map_err(|error| self.blame(error))
    }

    /// y = f(x), and the pullback, which outlives the link; errors of both name the layer.
    ///
    /// # Errors
    /// The layer's own.
    pub fn into_vjp(self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'a, B>)> {
        let Link { names, held } = self;
        let found = match held {
            Held::Borrowed(layer) => layer.vjp(x),
            Held::Owned(layer) => layer.into_vjp(x),
        };
        let (y, pullback) = found.map_err(|error| in_layers(error, &names))?;
        Ok((y, Pullback::new(move |v| pullback.pull(v).map_err(|error| in_layers(error, &names)))))
    }
}

impl<'a, B: Backend> Link<'a, B> {
    /// As [`into_vjp`](Link::into_vjp), by the layer's mean Jacobian over each segment of a path.
    ///
    /// # Errors
    /// The layer's own.
    pub fn into_segment_vjp(self, segments: &Segments<B>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'a, B>)> {
        let Link { names, held } = self;
        let found = match held {
            Held::Borrowed(layer) => layer.segment_vjp(segments, x),
            Held::Owned(layer) => owned_segment_vjp(layer, segments, x),
        };
        let (y, pullback) = found.map_err(|error| in_layers(error, &names))?;
        Ok((y, Pullback::new(move |v| pullback.pull(v).map_err(|error| in_layers(error, &names)))))
    }
}

/// What an owned layer is made of cannot outlive it, so that only the layer itself is looked at.
fn owned_segment_vjp<'p, B: Backend>(
    layer: Box<dyn Layer<B> + 'p>,
    segments: &Segments<B>,
    x: &Tensor<B>,
) -> Result<(Tensor<B>, Pullback<'p, B>)> {
    match Bend::of(&*layer) {
        Bend::Activation(f) => segments.activation(f, x, layer.forward(x)?),
        Bend::MaxPool2d(pool) => segments.max_pool(&pool, x, |x| layer.into_vjp(x)),
        Bend::Unknown if layer.is_affine() => layer.into_vjp(x),
        Bend::Unknown => segments.both_ends(x, |x| layer.into_vjp(x)),
    }
}

impl<B: Backend> fmt::Debug for Link<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.names.join("."), f)
    }
}

fn in_layers(error: Error, names: &[&str]) -> Error {
    names.iter().rev().fold(error, |error, name| error.in_layer(*name))
}

/// Runs layers one after another.
pub(crate) fn forward_one_by_one<B: Backend>(run: &[Link<'_, B>], x: &Tensor<B>) -> Result<Tensor<B>> {
    run.iter().try_fold(x.clone(), |x, link| link.forward(&x))
}

/// Runs layers one after another, and strings their pullbacks together.
pub(crate) fn vjp_one_by_one<'p, B: Backend>(
    run: Vec<Link<'p, B>>,
    x: &Tensor<B>,
) -> Result<(Tensor<B>, Pullback<'p, B>)> {
    let mut y = x.clone();
    let mut pulls = Vec::with_capacity(run.len());
    for link in run {
        let (next, pull) = link.into_vjp(&y)?;
        pulls.push(pull);
        y = next;
    }
    Ok((y, Pullback::new(move |v| pulls.iter().rev().try_fold(v.clone(), |v, pull| pull.pull(&v)))))
}
