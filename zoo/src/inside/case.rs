//! A case: inputs, and what others said about them.

use std::collections::BTreeMap;

use ndarray::{ArrayD, Axis};
use xai::{Element, Error, Reference, Result};

/// What the Python side wrote about one network.
#[derive(Debug)]
pub struct Case {
    input: ArrayD<f64>,
    /// (references, axes of a sample...)
    references: ArrayD<f64>,
    /// The output to explain, for each sample.
    pub target: Vec<usize>,
    said: BTreeMap<String, ArrayD<f64>>,
}

impl Case {
    /// The case of the arrays in a file.
    ///
    /// # Errors
    /// An array that is missing.
    pub fn of(mut arrays: BTreeMap<String, ArrayD<f64>>) -> Result<Self> {
        let mut take = |name: &str| {
            let missing = || Error::MissingWeight { name: name.to_owned(), similar: Vec::new() };
            arrays.remove(name).ok_or_else(missing)
        };
        let (input, references, target) = (take("input")?, take("references")?, take("target")?);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // written as integers
        let target = target.iter().map(|&index| index as usize).collect();
        Ok(Case { input, references, target, said: arrays })
    }

    /// The input, in a number type.
    pub fn input<E: Element>(&self) -> ArrayD<E> {
        self.input.mapv(E::of)
    }

    /// The set of references, one in each row.
    pub fn references(&self) -> &ArrayD<f64> {
        &self.references
    }

    /// The first reference, as a set.
    pub fn first_reference_alone(&self) -> ArrayD<f64> {
        self.references.select(Axis(0), &[0])
    }

    /// The first reference.
    pub fn first_reference(&self) -> Reference {
        Reference::sample(&self.references.index_axis(Axis(0), 0))
    }

    /// What was said in a precision (`f32` or `f64`), by name; not what it is judged by.
    pub fn said<'a>(&'a self, precision: &'a str) -> impl Iterator<Item = (&'a str, &'a ArrayD<f64>)> {
        let names = self.said.iter().filter_map(move |(name, values)| {
            let name = name.strip_prefix(precision)?.strip_prefix('.')?;
            Some((name, values))
        });
        names.filter(|(name, _)| !name.starts_with("exact.") && *name != WEIGHTS)
    }

    /// The same, of one name.
    pub fn said_as(&self, precision: &str, name: &str) -> Option<&ArrayD<f64>> {
        self.said.get(&format!("{precision}.{name}"))
    }

    /// The exact answer of what has this name: its values, or what those of each sample add up to.
    pub fn exact(&self, name: &str) -> Option<&ArrayD<f64>> {
        self.said.get(&format!("f64.exact.{name}"))
    }

    /// The weights of the outputs that torchcam's Finer-CAM explains.
    ///
    /// # Errors
    /// There are none.
    pub fn weights(&self) -> Result<ArrayD<f64>> {
        let missing = || Error::MissingWeight { name: WEIGHTS.into(), similar: Vec::new() };
        self.said_as("f64", WEIGHTS).cloned().ok_or_else(missing)
    }
}

const WEIGHTS: &str = "finer.weights";

/// As far as `values` are from an exact answer that may be sums over samples.
pub(super) fn as_in(exact: &ArrayD<f64>, values: &ArrayD<f64>) -> ArrayD<f64> {
    let mut values = values.clone();
    while exact.ndim() == 1 && values.ndim() > 1 {
        values = values.sum_axis(Axis(1));
    }
    values
}
