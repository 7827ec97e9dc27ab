//! Attributes of the node that is written down.

use xai_core::Backend;

use super::Cx;
use crate::file::{Attribute, Graph};
use crate::tape::Written;
use crate::value::Known;

impl<B: Backend> Cx<'_, B> {
    fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.node.attributes.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    fn of_kind<T>(&self, name: &str, what: &str, read: impl FnOnce(&Attribute) -> Option<T>) -> Written<Option<T>> {
        match self.attribute(name) {
            None => Ok(None),
            Some(attribute) => match read(attribute) {
                Some(value) => Ok(Some(value)),
                None => Err(self.wrong(format!("its attribute `{name}` is no {what}"))),
            },
        }
    }

    pub(crate) fn maybe_int(&self, name: &str) -> Written<Option<i64>> {
        self.of_kind(name, "whole number", |attribute| match attribute {
            Attribute::Int(value) => Some(*value),
            _ => None,
        })
    }

    pub(crate) fn int(&self, name: &str, default: i64) -> Written<i64> {
        Ok(self.maybe_int(name)?.unwrap_or(default))
    }

    pub(crate) fn flag(&self, name: &str, default: bool) -> Written<bool> {
        Ok(self.int(name, i64::from(default))? != 0)
    }

    pub(crate) fn maybe_float(&self, name: &str) -> Written<Option<f64>> {
        self.of_kind(name, "number", |attribute| match attribute {
            Attribute::Float(value) => Some(*value),
            _ => None,
        })
    }

    /// A number; of a single-precision one in the file, the shortest that it stands for.
    pub(crate) fn float(&self, name: &str, default: f64) -> Written<f64> {
        Ok(self.maybe_float(name)?.unwrap_or(default))
    }

    pub(crate) fn ints(&self, name: &str) -> Written<Option<Vec<i64>>> {
        self.of_kind(name, "list of whole numbers", |attribute| match attribute {
            Attribute::Ints(values) => Some(values.clone()),
            _ => None,
        })
    }

    pub(crate) fn floats(&self, name: &str) -> Written<Option<Vec<f64>>> {
        self.of_kind(name, "list of numbers", |attribute| match attribute {
            Attribute::Floats(values) => Some(values.clone()),
            _ => None,
        })
    }

    /// A text, or an empty one.
    pub(crate) fn text(&self, name: &str) -> Written<String> {
        let found = self.of_kind(name, "text", |attribute| match attribute {
            Attribute::Text(value) => Some(value.clone()),
            _ => None,
        });
        Ok(found?.unwrap_or_default())
    }

    pub(crate) fn tensor(&self, name: &str) -> Written<Option<Known>> {
        self.of_kind(name, "tensor", |attribute| match attribute {
            Attribute::Tensor(value) => Some(value.clone()),
            _ => None,
        })
    }
}

/// A graph among the attributes of a node.
pub(crate) fn graph<'n>(node: &'n crate::file::Node, name: &str) -> Option<&'n Graph> {
    match node.attributes.get(name) {
        Some(Attribute::Graph(graph)) => Some(graph),
        _ => None,
    }
}
