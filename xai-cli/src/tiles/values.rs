//! What a method found.

use ndarray::IxDyn;
use xai::{AnalyzerInfo, Explanation};

/// What a method found.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) info: &'static AnalyzerInfo,
    /// What stands over the tile.
    pub(crate) title: &'a str,
    pub(crate) explanation: &'a Explanation<f32, IxDyn>,
}
