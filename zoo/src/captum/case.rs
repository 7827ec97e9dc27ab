//! A case: an input, and what Captum said about it.

use std::collections::BTreeMap;

use ndarray::{Array4, ArrayD, Ix4};
use xai::{Element, Error, Reference, Result};

/// What the Python side wrote about one network.
#[derive(Debug)]
pub struct Case {
    input: ArrayD<f64>,
    /// (copies, axes of a sample...), the same for every sample.
    noise: ArrayD<f64>,
    /// The output to explain, for each sample.
    pub target: Vec<usize>,
    /// How many points a path has.
    pub steps: usize,
    /// Where it starts.
    pub reference: Reference,
    captum: BTreeMap<String, ArrayD<f64>>,
}

impl Case {
    /// The case of the arrays in a file `<name>.safetensors`.
    ///
    /// # Errors
    /// An array that is missing, or is no image.
    pub fn of(name: &str, mut arrays: BTreeMap<String, ArrayD<f64>>) -> Result<Self> {
        let input = take(&mut arrays, "input")?;
        let noise = take(&mut arrays, "noise")?;
        let target = take(&mut arrays, "target")?.iter().map(|&index| whole(index)).collect();
        let steps = take(&mut arrays, "steps")?.first().map_or(0, |&steps| whole(steps));
        let reference = arrays.remove("baseline").map_or(Reference::Zeros, |baseline| Reference::sample(&baseline));
        if input.ndim() != 4 || noise.ndim() != 4 {
            let reason = "input and noise must be images".into();
            return Err(Error::InvalidShape { what: format!("input of {name}"), got: input.shape().to_vec(), reason });
        }
        Ok(Case { input, noise, target, steps, reference, captum: arrays })
    }

    /// The input, in a number type.
    ///
    /// # Errors
    /// An input that is no image.
    pub fn input<E: Element>(&self) -> Result<Array4<E>> {
        let input = self.input.mapv(E::of).into_dimensionality::<Ix4>();
        input.map_err(|e| Error::backend("ndarray", e))
    }

    /// The number of samples.
    pub fn batch(&self) -> usize {
        self.input.shape()[0]
    }

    /// The number of noisy copies.
    pub fn copies(&self) -> usize {
        self.noise.shape()[0]
    }

    /// The noise, copy by copy.
    pub fn noise(&self) -> impl Iterator<Item = f64> {
        self.noise.iter().copied()
    }

    /// What Captum computed in a precision (`f32` or `f64`), by name.
    pub fn captum<'a>(&'a self, precision: &'a str) -> impl Iterator<Item = (&'a str, &'a ArrayD<f64>)> {
        self.captum.iter().filter_map(move |(name, values)| {
            let name = name.strip_prefix(precision)?.strip_prefix('.')?;
            Some((name, values))
        })
    }
}

fn take(arrays: &mut BTreeMap<String, ArrayD<f64>>, name: &str) -> Result<ArrayD<f64>> {
    arrays.remove(name).ok_or_else(|| Error::MissingWeight { name: name.to_owned(), similar: Vec::new() })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // written as integers
fn whole(number: f64) -> usize {
    number as usize
}
