//! Values by the names of what they belong to: a table's columns, tokens.

use ndarray::Axis;
use serde_json::{Value, json};
use xai::{Kind, Needs};

use super::values::Values;
use crate::input::{Given, Shown};

/// So many are printed and drawn: those with the largest values.
pub(crate) const SHOWN: usize = 20;

/// A column or a token, where it stands, from 0, what it is in this input, and its value.
pub(crate) struct Feature {
    pub(crate) name: String,
    pub(crate) place: usize,
    pub(crate) given: f32,
    pub(crate) value: f64,
}

/// What a method found, by name; nothing where the input has no names, or its values are not one for each.
pub(crate) fn features(given: &Given, found: Values<'_>) -> Vec<Feature> {
    let values = &found.explanation.values;
    let of_attention = found.info.needs == Needs::Attention;
    let names = match &given.shown {
        Shown::Columns(names) if values.shape() == given.numbers.shape() => names,
        Shown::Tokens(names) if values.shape().get(if of_attention { 2 } else { 1 }) == Some(&names.len()) => names,
        _ => return Vec::new(),
    };
    let of_token = |values: ndarray::ArrayViewD<'_, f32>| {
        let numbers = values.iter().copied().map(f64::from);
        match found.explanation.kind {
            // Shares add up; of slopes in many directions there is a length.
            Kind::Attribution => numbers.sum(),
            _ => numbers.fold(0.0f64, f64::hypot),
        }
    };
    let sample = values.index_axis(Axis(0), 0);
    // Of what is hidden as a whole, the value stands at each number of the token: it is one share, not many.
    let of_features = found.explanation.extras.feature_values.as_ref().and_then(|all| all.first());
    let values: Vec<f64> = match &given.shown {
        Shown::Tokens(names) if of_features.is_some_and(|values| values.len() == names.len()) => {
            of_features.cloned().unwrap_or_default()
        }
        Shown::Columns(_) => sample.iter().copied().map(f64::from).collect(),
        // Rows are tokens that look, columns those that are looked at: what they get in the mean.
        _ if of_attention => sample.mean_axis(Axis(0)).into_iter().flatten().map(f64::from).collect(),
        _ => sample.axis_iter(Axis(0)).map(of_token).collect(),
    };
    let feature = |(place, ((name, &given), value)): (usize, ((&String, &f32), f64))| {
        let name = name.clone();
        Feature { name, place, given, value }
    };
    names.iter().zip(given.numbers.iter()).zip(values).enumerate().map(feature).collect()
}

/// The strongest of them, the strongest first.
pub(crate) fn strongest(features: Vec<Feature>) -> Vec<Feature> {
    let values: Vec<(Feature, f64)> = strongest_of(features.into_iter().map(|feature| {
        let value = feature.value;
        (feature, value)
    }));
    values.into_iter().map(|(feature, _)| feature).collect()
}

/// The strongest of values, the strongest first, each with what it is of.
pub(crate) fn strongest_of<T>(values: impl Iterator<Item = (T, f64)>) -> Vec<(T, f64)> {
    let mut values: Vec<(T, f64)> = values.collect();
    values.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    values.truncate(SHOWN);
    values
}

impl Feature {
    pub(crate) fn json(&self) -> Value {
        json!({"name": self.name, "place": self.place, "given": self.given, "value": self.value})
    }

    /// The feature as people read it: `income = 1.2`, or the token and where it stands, for many are the same.
    pub(crate) fn words(&self, shown: &Shown) -> String {
        match shown {
            Shown::Columns(_) => format!("{} = {}", self.name, self.given),
            _ => format!("{} at {}", self.name, self.place),
        }
    }
}
