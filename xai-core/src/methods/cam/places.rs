//! Where class activation maps are made.

use crate::{Differentiable, LayerSplit};

/// Where a class activation map is made: at the model's mark, or at named places.
pub trait CamPlaces<M: Differentiable + ?Sized> {
    /// The names of the places.
    fn of<'a>(&'a self, model: &'a M) -> Vec<&'a str>;
    /// The names that the caller gave.
    fn named(&self) -> &[String];
}

/// The place that the model marks: [`LayerSplit`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtMark;

impl<M: LayerSplit + ?Sized> CamPlaces<M> for AtMark {
    fn of<'a>(&'a self, model: &'a M) -> Vec<&'a str> {
        vec![model.split_at()]
    }
    fn named(&self) -> &[String] {
        &[]
    }
}

/// Places by their names: [`Differentiable::places`] lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtPlaces(pub(super) Vec<String>);

impl<M: Differentiable + ?Sized> CamPlaces<M> for AtPlaces {
    fn of<'a>(&'a self, _: &'a M) -> Vec<&'a str> {
        self.0.iter().map(String::as_str).collect()
    }
    fn named(&self) -> &[String] {
        &self.0
    }
}
