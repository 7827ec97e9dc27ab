//! What is looked up in a graph: [`Looked`].

use std::cell::OnceCell;
use std::collections::HashMap;

use super::node::Value;

/// What is looked up in a graph, made of all of it by the first who asks: who asks for every place pays once.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// The values at the named places.
    pub(super) places: OnceCell<HashMap<String, Value>>,
    /// For each node, whether the graph can be cut there.
    pub(super) cuts: OnceCell<Vec<bool>>,
}
