//! A case: what a network is given, where its modules are in the files, and what Captum said.

use std::collections::BTreeMap;

use ndarray::{ArrayD, Axis};
use xai::{Analyzer, Differentiable, Element, Error, PerSample, Reference, Result};

/// PyTorch's ways to a file: by `torch.export`, and by a trace.
pub const EXPORTERS: [&str; 2] = ["dynamo", "torchscript"];

/// What the Python side wrote about one network, but for the files of the network itself.
#[derive(Debug)]
pub struct Exported {
    arrays: BTreeMap<String, ArrayD<f64>>,
    places: BTreeMap<(String, String), String>,
    /// The output to explain, for each sample.
    pub target: Vec<usize>,
    /// How many points a path has.
    pub steps: usize,
}

impl Exported {
    /// The case of the arrays in a file `NAME.safetensors` and of the lines of `NAME.places`: exporter, module, place.
    ///
    /// # Errors
    /// An array that is missing.
    pub fn of(arrays: BTreeMap<String, ArrayD<f64>>, places: &str) -> Result<Self> {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let places = places.lines().filter_map(|line| match <[String; 3]>::try_from(words(line)) {
            Ok([exporter, module, place]) => Some(((exporter, module), place)),
            Err(_) => None,
        });
        let mut case = Exported { arrays, places: places.collect(), target: Vec::new(), steps: 0 };
        case.target = case.array("target")?.iter().map(|&index| whole(index)).collect();
        case.steps = case.array("steps")?.first().map_or(0, |&steps| whole(steps));
        Ok(case)
    }

    /// An array by its name.
    ///
    /// # Errors
    /// [`Error::MissingWeight`].
    pub fn array(&self, name: &str) -> Result<&ArrayD<f64>> {
        self.arrays.get(name).ok_or_else(|| Error::MissingWeight { name: name.to_owned(), similar: Vec::new() })
    }

    /// The place in an exporter's files of what a module gives.
    ///
    /// # Errors
    /// [`Error::UnknownPlace`].
    pub fn place(&self, exporter: &str, module: &str) -> Result<&str> {
        let found = self.places.get(&(exporter.to_owned(), module.to_owned())).map(String::as_str);
        found.ok_or_else(|| Error::UnknownPlace { place: module.to_owned(), known: Vec::new() })
    }

    /// What Captum computed in a precision (`f32` or `f64`), by method and module.
    pub fn captum<'a>(&'a self, precision: &'a str) -> impl Iterator<Item = (&'a str, &'a ArrayD<f64>)> {
        self.arrays.iter().filter_map(move |(name, values)| {
            let name = name.strip_prefix(precision)?.strip_prefix('.')?;
            Some((name, values))
        })
    }

    /// Where a path starts, and what stands for what is absent.
    ///
    /// # Errors
    /// Those of [`array`](Exported::array).
    pub fn reference(&self) -> Result<Reference> {
        Ok(Reference::sample(self.array("baseline")?))
    }

    /// The same, as the one row of a batch.
    ///
    /// # Errors
    /// Those of [`array`](Exported::array).
    pub fn references(&self) -> Result<ArrayD<f64>> {
        Ok(self.array("baseline")?.clone().insert_axis(Axis(0)))
    }

    /// The number of the feature that each number of a sample belongs to, of at most so many features.
    ///
    /// # Errors
    /// Those of [`array`](Exported::array).
    pub fn features(&self, most: usize) -> Result<ArrayD<usize>> {
        let features = self.array("features")?.index_axis(Axis(0), 0).mapv(whole);
        let count = features.iter().max().map_or(1, |last| last + 1);
        Ok(if count > most { features.mapv(|feature| feature * most / count) } else { features })
    }

    /// The output that is explained, for each sample.
    pub fn selection(&self) -> PerSample<Vec<usize>> {
        PerSample(self.target.iter().map(|&index| vec![index]).collect())
    }

    /// What another input of the network always is, by its name in the file.
    pub fn fixed(&self) -> Option<(&'static str, &ArrayD<f64>)> {
        self.arrays.get("mask").map(|mask| ("mask", mask))
    }

    /// What the network gives for the case's input.
    ///
    /// # Errors
    /// The model's own.
    pub fn output<M: Differentiable>(&self, model: &M) -> Result<ArrayD<f64>> {
        let x = self.array("input")?.mapv(<Elem<M> as Element>::of);
        Ok(model.predict(x.view())?.mapv(Element::as_f64))
    }

    /// What an analyzer says about the case's input.
    ///
    /// # Errors
    /// The analyzer's and the model's own.
    pub fn analyze<M: Differentiable>(
        &self,
        analyzer: &impl Analyzer<M>,
        model: &M,
        select: &PerSample<Vec<usize>>,
    ) -> Result<ArrayD<f64>> {
        let x = self.array("input")?.mapv(<Elem<M> as Element>::of);
        Ok(analyzer.analyze(model, &x, select)?.values.mapv(Element::as_f64))
    }
}

type Elem<M> = <<M as Differentiable>::Backend as xai::Arithmetic>::Elem;

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // written as integers
pub(super) fn whole(number: f64) -> usize {
    number as usize
}
