//! What was found out of a network.

use crate::model::Map;

/// For each way, whether it can be explained, or why not.
pub(super) type Ways = Vec<(&'static str, Result<(), String>)>;

/// What was found out.
pub(super) struct Findings {
    pub(super) shape: Vec<usize>,
    /// Where whole numbers become numbers with a gradient, which is explained in their place.
    pub(super) start: Option<String>,
    pub(super) output: Option<Vec<usize>>,
    pub(super) places: Vec<xai::Place>,
    pub(super) maps: Vec<Map>,
    pub(super) largest: usize,
    pub(super) ways: Ways,
}

impl Findings {
    /// The first place that is as large as the largest value.
    pub(super) fn largest_place(&self) -> Option<&str> {
        let is = |shape: &Vec<usize>| shape.iter().product::<usize>() == self.largest;
        self.places.iter().find(|place| place.shape.as_ref().is_some_and(is)).map(|place| place.name.as_str())
    }
}

pub(super) fn lengths(shape: &[usize]) -> String {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("({})", lengths.join(", "))
}
