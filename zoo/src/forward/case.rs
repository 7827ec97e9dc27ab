//! A case: inputs, how they are cut into features, and what other libraries said.

use std::collections::BTreeMap;

use ndarray::{ArrayD, Axis};
use xai::{Element, Error, FeatureTree, Features, Fill, Reference, Result};

/// What the Python side wrote about one network.
#[derive(Debug)]
pub struct ForwardCase {
    input: ArrayD<f64>,
    /// The output to explain, for each sample.
    pub target: Vec<usize>,
    /// Which feature each number is of; none where every number is one.
    segments: Option<ArrayD<usize>>,
    /// The same, for the methods that are asked about groups of columns.
    groups: Option<ArrayD<usize>>,
    merges: Vec<[usize; 2]>,
    /// Samples that stand for what is absent, the first of them where a method takes one; none for zeros.
    background: Option<ArrayD<f64>>,
    peers: BTreeMap<String, ArrayD<f64>>,
}

impl ForwardCase {
    /// The case of the arrays in a file.
    ///
    /// # Errors
    /// An array that is missing.
    pub fn of(mut arrays: BTreeMap<String, ArrayD<f64>>) -> Result<Self> {
        let input = take(&mut arrays, "input")?;
        let target = take(&mut arrays, "target")?.iter().map(|&index| whole(index)).collect();
        let merges = take(&mut arrays, "merges")?;
        let merges = merges.outer_iter().map(|pair| [whole(pair[[0]]), whole(pair[[1]])]).collect();
        let mut of_features = |name| arrays.remove(name).map(|array: ArrayD<f64>| array.mapv(whole));
        let (segments, groups) = (of_features("segments"), of_features("groups"));
        let background = arrays.remove("background");
        Ok(ForwardCase { input, target, segments, groups, merges, background, peers: arrays })
    }

    /// The input, in a number type.
    pub fn input<E: Element>(&self) -> ArrayD<E> {
        self.input.mapv(E::of)
    }

    /// What peers computed in a precision (`f32` or `f64`): `PEER.METHOD`, and the numbers.
    pub fn peers<'a>(&'a self, precision: &'a str) -> impl Iterator<Item = (&'a str, &'a ArrayD<f64>)> {
        self.peers.iter().filter_map(move |(name, values)| {
            let name = name.strip_prefix(precision)?.strip_prefix('.')?;
            Some((name, values))
        })
    }

    pub(super) fn features(&self) -> Features {
        self.segments.as_ref().map_or_else(Features::each, Features::segments)
    }

    pub(super) fn groups(&self) -> Result<Features> {
        let groups = self.groups.as_ref().ok_or_else(|| missing("groups"))?;
        Ok(Features::segments(groups))
    }

    pub(super) fn tree(&self) -> FeatureTree {
        FeatureTree::merged(self.merges.iter().copied())
    }

    /// What stands for an absent feature: the first sample of the background, or zeros.
    pub(super) fn one(&self) -> Fill {
        let first = self.background.as_ref().map(|samples| samples.index_axis(Axis(0), 0));
        Fill::Reference(first.map_or(Reference::Zeros, |sample| Reference::sample(&sample)))
    }

    /// All samples of the background, or zeros.
    pub(super) fn all(&self) -> Fill {
        self.background.as_ref().map_or_else(Fill::default, Fill::background)
    }
}

fn take(arrays: &mut BTreeMap<String, ArrayD<f64>>, name: &str) -> Result<ArrayD<f64>> {
    arrays.remove(name).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Error {
    Error::MissingWeight { name: name.to_owned(), similar: Vec::new() }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // written as integers
fn whole(number: f64) -> usize {
    number as usize
}
