//! The names that lead to a node.

use std::collections::BTreeMap;

use crate::Error;

/// A tree of names: each layer that is entered has one, below the layer that it is part of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Vec<Entry>);

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    parent: Scope,
}

/// A place in the tree; none is the network itself.
pub(crate) type Scope = Option<usize>;

impl Names {
    /// A new name below another one.
    pub(crate) fn enter(&mut self, name: String, parent: Scope) -> Scope {
        self.0.push(Entry { name, parent });
        Some(self.0.len() - 1)
    }

    /// A name of another tree, and those that it is below, below a name of this one; `known` are those that were taken
    /// over before.
    pub(crate) fn adopt(
        &mut self,
        other: &Names,
        scope: Scope,
        below: Scope,
        known: &mut BTreeMap<usize, Scope>,
    ) -> Scope {
        let (Some(number), Some(entry)) = (scope, other.entry(scope)) else { return below };
        if let Some(&adopted) = known.get(&number) {
            return adopted;
        }
        let parent = self.adopt(other, entry.parent, below, known);
        let adopted = self.enter(entry.name.clone(), parent);
        known.insert(number, adopted);
        adopted
    }

    fn entry(&self, scope: Scope) -> Option<&Entry> {
        self.0.get(scope?)
    }

    /// The names from the innermost to the outermost.
    fn outwards(&self, scope: Scope) -> impl Iterator<Item = &str> {
        std::iter::successors(self.entry(scope), |entry| self.entry(entry.parent)).map(|entry| entry.name.as_str())
    }

    /// All names from the outermost on, joined by dots.
    pub(crate) fn path(&self, scope: Scope) -> String {
        let mut names: Vec<&str> = self.outwards(scope).collect();
        names.reverse();
        names.join(".")
    }

    /// The error, as one that happened there.
    pub(crate) fn blame(&self, scope: Scope, error: Error) -> Error {
        self.outwards(scope).fold(error, |error, name| error.in_layer(name))
    }
}
