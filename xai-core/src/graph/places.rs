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
        // Of one name the last one stays.
        let named = || self.places.iter().map(|&(scope, value)| (self.names.path(scope), value)).collect();
        self.looked.places.get_or_init(named).get(name).copied().ok_or_else(|| {
            let names: Vec<String> = self.places.iter().map(|(scope, _)| self.names.path(*scope)).collect();
            Error::UnknownPlace { place: name.to_owned(), known: near(name, names) }
        })
    }

    /// Whether [`split`](Graph::split) can cut the graph at a value: whether all that comes behind sees the inputs
    /// through it alone.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    /// // The input also goes past the relu, and nothing goes past the sum.
    /// let graph = Graph::<NdArray>::trace(&[vec![1, 2]], |x| {
    ///     let relu = x[0].within("relu", || Ok(x[0].relu()))?;
    ///     x[0].within("sum", || Ok(&x[0] + &relu))
    /// })?;
    /// assert_eq!((graph.is_cut(graph.place("relu")?), graph.is_cut(graph.place("sum")?)), (false, true));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn is_cut(&self, at: Value) -> bool {
        self.looked.cuts.get_or_init(|| self.cuts()).get(at.0) == Some(&true)
    }

    /// The names of the places at which the graph can be cut.
    pub(super) fn cut_places(&self) -> Vec<String> {
        let open = self.places.iter().filter(|(_, value)| self.is_cut(*value));
        open.map(|(scope, _)| self.names.path(*scope)).collect()
    }
}

/// The most similar names: those that are the wanted one and something behind it, as `a.b` and `a:b` of `a`, before
/// others, then those that begin alike, and of these the ones that are about as long; in the order in which they are
/// computed, and not more than one reads.
pub(super) fn near(wanted: &str, names: Vec<String>) -> Vec<String> {
    let common = |name: &str| name.chars().zip(wanted.chars()).take_while(|(a, b)| a == b).count();
    let goes_on = |name: &str| name.strip_prefix(wanted).is_some_and(|rest| rest.starts_with(['.', ':', '#']));
    let rank = |name: &str| (!goes_on(name), usize::MAX - common(name), name.len().abs_diff(wanted.len()));
    let mut order: Vec<_> = names.into_iter().enumerate().map(|(i, name)| (rank(&name), i, name)).collect();
    if order.len() > NAMED {
        order.sort();
        order.truncate(NAMED);
        order.sort_by_key(|&(_, i, _)| i);
    }
    order.into_iter().map(|(_, _, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::near;
    use crate::{Graph, NdArray};

    #[test]
    fn a_name_with_something_behind_it_is_near() {
        let mut names: Vec<String> = (0..30).map(|n| format!("relu{n:02}")).collect();
        names.extend(["relu:a", "relu:a_long_name"].map(str::to_owned));
        assert_eq!(near("relu", names)[10..], ["relu:a", "relu:a_long_name"]);
    }

    /// By the square of the nodes it would take minutes.
    #[test]
    fn names_and_cuts_are_made_once_for_all_places() {
        const NODES: usize = 20_000;
        let chain = Graph::<NdArray>::trace(&[vec![1, 2]], |x| {
            (0..NODES).try_fold(x[0].clone(), |x, i| x.within(i, || Ok(x.relu())))
        });
        let graph = chain.unwrap();
        assert!(graph.looked.places.get().is_none() && graph.looked.cuts.get().is_none());
        let found = graph.places().into_iter().filter(|place| graph.is_cut(graph.place(&place.name).unwrap()));
        assert_eq!(found.count(), NODES);
        assert_eq!(graph.looked.places.get().unwrap().len(), NODES);
        assert_eq!(graph.looked.cuts.get().unwrap().iter().filter(|&&is| is).count(), NODES + 1);
    }
}
