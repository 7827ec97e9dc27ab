//! The classes of ImageNet.

use crate::command_line::Outcome;

static NAMES: &str = include_str!("../../assets/imagenet/names.json");

/// The names of the 1000 classes, as the data set has them.
///
/// # Errors
/// A list that cannot be read.
pub fn names() -> Outcome<Vec<String>> {
    Ok(serde_json::from_str(NAMES)?)
}
