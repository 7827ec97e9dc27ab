//! How alike two maps are: [`Similarity`].

use ndarray::ArrayViewD;

use super::statistics::{pearson, spearman};

/// How alike the values of two explanations are, from -1 to 1.
///
/// ```
/// # use xai_core as xai;
/// use xai::metrics::{ParameterRandomisation, Similarity};
///
/// let control = ParameterRandomisation::new().similarity(Similarity::Pearson);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Similarity {
    /// Spearman's correlation of ranks.
    #[default]
    Spearman,
    /// Pearson's correlation.
    Pearson,
}

impl Similarity {
    /// The similarity of two samples' values, or of their sizes. Values that are all alike have nothing in common with
    /// others that are not (0), and all with others that are (1).
    pub(super) fn of(self, a: &ArrayViewD<'_, f64>, b: &ArrayViewD<'_, f64>, absolute: bool) -> f64 {
        let list =
            |of: &ArrayViewD<'_, f64>| -> Vec<f64> { of.iter().map(|&v| if absolute { v.abs() } else { v }).collect() };
        let (a, b) = (list(a), list(b));
        let found = match self {
            Similarity::Spearman => spearman(&a, &b),
            Similarity::Pearson => pearson(&a, &b),
        };
        let constant = |of: &[f64]| of.iter().all(|v| *v == of[0]);
        found.unwrap_or_else(|| if constant(&a) && constant(&b) { 1.0 } else { 0.0 })
    }
}
