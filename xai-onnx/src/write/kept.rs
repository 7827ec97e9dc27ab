//! Weights that were prepared once, for every shape of the inputs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use xai_core::{Backend, Op, Weight};

/// Weights and operations with weights, by the node that they belong to and their part in it.
#[derive(Debug)]
pub(crate) struct Kept<B: Backend>(Mutex<HashMap<(String, &'static str), Item<B>>>);

#[derive(Debug)]
pub(crate) enum Item<B: Backend> {
    Weight(Weight<B>),
    Op(Op<B>),
}

impl<B: Backend> Clone for Item<B> {
    fn clone(&self) -> Self {
        match self {
            Item::Weight(weight) => Item::Weight(weight.clone()),
            Item::Op(op) => Item::Op(op.clone()),
        }
    }
}

impl<B: Backend> Default for Kept<B> {
    fn default() -> Self {
        Kept(Mutex::default())
    }
}

impl<B: Backend> Kept<B> {
    pub(crate) fn find(&self, node: &str, part: &'static str) -> Option<Item<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(node.to_owned(), part)).cloned()
    }

    pub(crate) fn keep(&self, node: &str, part: &'static str, item: Item<B>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((node.to_owned(), part), item);
    }
}
