//! The outputs of a network as classes: their names, their order, and the one that is explained.

use std::path::Path;

use ndarray::{ArrayD, Dimension};
use serde_json::{Value, json};
use xai_cli::command_line::{Outcome, failure};

use crate::model::Ending;

/// The names of the classes.
pub(super) struct Names(Vec<String>);

/// An output of the network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class {
    /// Where it stands, without the batch axis.
    pub(super) index: Vec<usize>,
    pub(super) name: Option<String>,
    pub(super) score: f32,
    /// Where the file says how it follows from the score.
    pub(super) probability: Option<f64>,
}

impl Names {
    /// One a line, or a JSON list.
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let refused = |why: String| failure(format!("{}: {why}", path.display()));
        let text = String::from_utf8(xai::read_file(path)?).map_err(|_| refused("it is no text (UTF-8)".into()))?;
        let names: Vec<String> = if text.trim_start().starts_with('[') {
            serde_json::from_str(&text).map_err(|error| refused(format!("it is no JSON list of names: {error}")))?
        } else {
            text.lines().map(|line| line.trim().to_owned()).collect()
        };
        // What ends the last line, and empty lines behind it.
        let count = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        let names = names.into_iter().take(count).collect::<Vec<_>>();
        if names.is_empty() { Err(refused("it has no names".into())) } else { Ok(Names(names)) }
    }

    /// That there is one for each class, the first axis behind the batch's.
    pub(super) fn check(&self, output: &[usize]) -> Outcome<()> {
        match output.get(1) {
            Some(&classes) if classes == self.0.len() => Ok(()),
            classes => {
                let classes = classes.copied().unwrap_or(1);
                Err(failure(format!("--labels has {} names, and the network {classes} classes", self.0.len())))
            }
        }
    }
}

/// All outputs, the highest first; of equal ones the first that stands there.
pub(super) fn ranked(output: &ArrayD<f32>, ending: Ending, names: Option<&Names>) -> Outcome<Vec<Class>> {
    if let Some((place, value)) = output.indexed_iter().find(|(_, value)| !value.is_finite()) {
        let place = place.slice();
        return Err(failure(format!("the network's output is {value} at {place:?}: check its input and its weights")));
    }
    let highest = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |score: f32| f64::from(score - highest).exp();
    let total: f64 = output.iter().map(|&score| weight(score)).sum();
    let probability = |score: f32| match ending {
        // Over the classes of one decision; of maps of decisions it would take an axis.
        Ending::Softmax if output.ndim() == 2 => Some(weight(score) / total),
        Ending::Sigmoid => Some(1.0 / (1.0 + (-f64::from(score)).exp())),
        _ => None,
    };
    let class = |(place, &score): (ndarray::IxDyn, &f32)| {
        let index = place.slice().get(1..).unwrap_or_default().to_vec();
        let name = names.zip(index.first()).and_then(|(names, &class)| names.0.get(class).cloned());
        Class { index, name, score, probability: probability(score) }
    };
    let mut classes: Vec<Class> = output.indexed_iter().map(class).collect();
    classes.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(classes)
}

/// The one that `--target` says: a number, one for each axis, or a name.
pub(super) fn find<'a>(classes: &'a [Class], target: &str) -> Outcome<&'a Class> {
    let named = |class: &&Class| {
        let names = class.name.as_deref().into_iter().flat_map(|name| std::iter::once(name).chain(name.split(',')));
        names.map(str::trim).any(|name| name.eq_ignore_ascii_case(target.trim()))
    };
    if let Some(class) = classes.iter().find(named) {
        return Ok(class);
    }
    let index: Option<Vec<usize>> = target.split(',').map(|number| number.trim().parse().ok()).collect();
    let axes = classes.first().map_or(0, |class| class.index.len());
    match index {
        Some(index) => classes.iter().find(|class| class.index == index).ok_or_else(|| {
            let last = |axis: usize| classes.iter().map(|class| class.index[axis]).max().unwrap_or(0);
            let ranges: Vec<String> = (0..axes).map(|axis| format!("0 to {}", last(axis))).collect();
            failure(format!("--target {target}: the network's outputs are {}", ranges.join(", by ")))
        }),
        None if classes.iter().any(|class| class.name.is_some()) => {
            Err(failure(format!("--target {target}: it is no number, and no name of --labels")))
        }
        None => Err(failure(format!("--target {target}: it is no number; --labels says the classes' names"))),
    }
}

impl Class {
    /// The class as people call it: its number, and the first of its names.
    pub(super) fn short(&self) -> String {
        match self.name.as_deref().and_then(|name| name.split(',').next()) {
            Some(name) => format!("{} {name}", self.number()),
            None if self.index.len() == 1 => format!("class {}", self.number()),
            None => format!("output {}", self.number()).trim_end().to_owned(),
        }
    }

    /// Where it stands.
    pub(super) fn number(&self) -> String {
        let numbers: Vec<String> = self.index.iter().map(usize::to_string).collect();
        numbers.join(",")
    }

    /// The class as an object.
    pub(super) fn json(&self) -> Value {
        json!({"index": self.index, "name": self.name, "score": self.score, "probability": self.probability})
    }

    /// The probability as people write it, or the score.
    pub(super) fn opinion(&self) -> String {
        match self.probability {
            Some(probability) => format!("{:.1} %", probability * 100.0),
            None => format!("{:.3}", self.score),
        }
    }
}
