//! Named places of a graph.

use super::{Graph, Value};
use crate::{Backend, Error, Result};

/// A named place of a network: the output of a layer.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Differentiable, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("a", Activation::Relu).push_named("b", Activation::Tanh);
/// let names: Vec<String> = net.places(&[vec![1, 3]])?.into_iter().map(|place| place.name).collect();
/// assert_eq!(names, ["a", "b"]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The names that lead to the layer, joined by dots: `layer4.1.conv2`.
    pub name: String,
    /// The shape of what is there, unless it comes from code that nobody can look into.
    pub shape: Option<Vec<usize>>,
}

/// An error names so many places at most.
const NAMED: usize = 12;

impl<B: Backend> Graph<'_, B> {
    /// The named places, in the order in which they are computed.
    pub fn places(&self) -> Vec<Place> {
        let place = |&(scope, value): &(_, Value)| Place {
            name: self.names.path(scope),
            shape: self.nodes[value.0].shape.clone(),
        };
        self.places.iter().map(place).collect()
    }

    /// The value at a named place; of several of one name, the last one.
    ///
    /// # Errors
    /// [`Error::UnknownPlace`], which names the places that are near.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Error, Graph, NdArray};
    ///
    /// let graph = Graph::<NdArray>::trace(&[vec![1, 3]], |x| x[0].within("head", || Ok(x[0].tanh() * 2.0)))?;
    /// assert_eq!((graph.places().len(), graph.place("head")?), (1, graph.output()));
    /// assert!(matches!(graph.place("haed"), Err(Error::UnknownPlace { .. })));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn place(&self, name: &str) -> Result<Value> {
        let found = self.places.iter().rev().find(|(scope, _)| self.names.path(*scope) == name);
        found.map(|&(_, value)| value).ok_or_else(|| {
            let names: Vec<String> = self.places.iter().map(|(scope, _)| self.names.path(*scope)).collect();
            Error::UnknownPlace { place: name.to_owned(), known: near(name, names) }
        })
    }

    /// The names of the places at which the graph can be cut.
    pub(super) fn cut_places(&self) -> Vec<String> {
        let cuts = self.cuts();
        let open = self.places.iter().filter(|(_, value)| cuts[value.0]);
        open.map(|(scope, _)| self.names.path(*scope)).collect()
    }
}

/// The most similar names, those that begin alike before others, and of these the ones that are about as long; in the
/// order in which they are computed, and not more than one reads.
pub(super) fn near(wanted: &str, names: Vec<String>) -> Vec<String> {
    let common = |name: &str| name.chars().zip(wanted.chars()).take_while(|(a, b)| a == b).count();
    let rank = |name: &str| (usize::MAX - common(name), name.len().abs_diff(wanted.len()));
    let mut order: Vec<_> = names.into_iter().enumerate().map(|(i, name)| (rank(&name), i, name)).collect();
    if order.len() > NAMED {
        order.sort();
        order.truncate(NAMED);
        order.sort_by_key(|&(_, i, _)| i);
    }
    order.into_iter().map(|(_, _, name)| name).collect()
}
