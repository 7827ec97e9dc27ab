//! A body with a shortcut around it.

use std::fmt;

use super::sequential::AnyLayer;
use crate::{Backend, Error, Layer, Pullback, Result, Segments, Tensor};

/// y = body(x) + shortcut(x), where the shortcut is x itself unless it is given: the block of a ResNet.
pub struct Residual<B: Backend> {
    body: AnyLayer<B>,
    shortcut: Option<AnyLayer<B>>,
}

impl<B: Backend> Residual<B> {
    /// y = body(x) + x.
    pub fn new(body: impl Layer<B> + Send + 'static) -> Self {
        Residual { body: Box::new(body), shortcut: None }
    }

    /// Sets the layer of the shortcut, which brings x to the body's shape.
    #[must_use]
    pub fn shortcut(mut self, layer: impl Layer<B> + Send + 'static) -> Self {
        self.shortcut = Some(Box::new(layer));
        self
    }
}

type Vjp<'a, B> = Result<(Tensor<B>, Pullback<'a, B>)>;

impl<B: Backend> Residual<B> {
    /// The sum, and its pullback from those of its two sides.
    fn vjp_by<'a>(&'a self, x: &Tensor<B>, vjp: impl Fn(&'a AnyLayer<B>) -> Vjp<'a, B>) -> Vjp<'a, B> {
        let (body, from_body) = vjp(&self.body).map_err(in_body)?;
        let through = self.shortcut.as_ref().map(|layer| vjp(layer).map_err(in_shortcut)).transpose()?;
        let (y, from_shortcut) = match through {
            Some((shortcut, pullback)) => (sum(&body, &shortcut)?, Some(pullback)),
            None => (sum(&body, x)?, None),
        };
        let pull = move |v: &Tensor<B>| {
            let dx = from_body.pull(v).map_err(in_body)?;
            match &from_shortcut {
                Some(pullback) => dx.add(&pullback.pull(v).map_err(in_shortcut)?),
                None => dx.add(v),
            }
        };
        Ok((y, Pullback::new(pull)))
    }
}

impl<B: Backend> fmt::Debug for Residual<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Residual").field("shortcut", &self.shortcut.is_some()).finish_non_exhaustive()
    }
}

/// The sum, of which neither side is broadcast: that would hide a missing shortcut layer.
fn sum<B: Backend>(body: &Tensor<B>, shortcut: &Tensor<B>) -> Result<Tensor<B>> {
    let what = "shortcut of a residual block (give it a layer that brings the input to the body's shape)";
    Error::check_shape(what, &body.shape(), &shortcut.shape())?;
    body.add(shortcut)
}

impl<B: Backend> Layer<B> for Residual<B> {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        let body = self.body.forward(x).map_err(in_body)?;
        match &self.shortcut {
            Some(layer) => sum(&body, &layer.forward(x).map_err(in_shortcut)?),
            None => sum(&body, x),
        }
    }

    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        self.vjp_by(x, |layer| layer.vjp(x))
    }

    fn segment_vjp(&self, segments: &Segments<B>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        self.vjp_by(x, |layer| layer.segment_vjp(segments, x))
    }

    fn placement(&self) -> Option<B::Placement> {
        self.body.placement().or_else(|| self.shortcut.as_ref()?.placement())
    }

    fn is_affine(&self) -> bool {
        self.body.is_affine() && self.shortcut.as_ref().is_none_or(|layer| layer.is_affine())
    }

    fn is_recorded(&self) -> bool {
        self.body.is_recorded() && self.shortcut.as_ref().is_none_or(|layer| layer.is_recorded())
    }
}

fn in_body(error: Error) -> Error {
    error.in_layer("body")
}

fn in_shortcut(error: Error) -> Error {
    error.in_layer("shortcut")
}
