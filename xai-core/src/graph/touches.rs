//! What rules make of what comes back to the outputs of nodes.

use std::collections::BTreeMap;

use super::Value;
use crate::{Backend, Error, Pullback, Result, Tensor};

/// For each value that rules touch, what they make of what comes back to it.
pub(super) struct Touches<'m, B: Backend>(BTreeMap<Value, Pullback<'m, B>>);

impl<B: Backend> Default for Touches<'_, B> {
    fn default() -> Self {
        Touches(BTreeMap::new())
    }
}

impl<'m, B: Backend> Touches<'m, B> {
    pub(super) fn add(&mut self, value: Value, touch: Pullback<'m, B>) {
        self.0.insert(value, touch);
    }

    /// What is made of what comes back to a value.
    pub(super) fn of(&self, value: Value, flow: Option<Tensor<B>>) -> Result<Option<Tensor<B>>> {
        let (Some(v), Some(touch)) = (&flow, self.0.get(&value)) else { return Ok(flow) };
        let changed = touch.pull(v)?;
        Error::check_shape("what rules make of what comes back", &v.shape(), &changed.shape())?;
        Ok(Some(changed))
    }
}
