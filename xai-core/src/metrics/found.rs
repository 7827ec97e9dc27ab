//! What an analyzer found, as metrics look at it.

use ndarray::{ArrayD, Axis, Slice};

use crate::explain::rows::check_finite;
use crate::explain::{Attribution, Extras};
use crate::{Backend, Element, Error, Result};

/// Values of one input, all of them finite.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) values: ArrayD<f64>,
    /// What each sample's groups add up to, where numbers are explained in groups: each of a group's numbers has the
    /// group's value.
    pub(super) of_groups: Option<Vec<f64>>,
}

impl Found {
    /// # Errors
    /// [`Error::InvalidParameter`] for a number that is not finite.
    pub(super) fn new(values: ArrayD<f64>, extras: &Extras) -> Result<Self> {
        check_finite("values", &values)?;
        let samples = values.shape().first().copied().unwrap_or(0);
        let features = extras.feature_values.as_ref().filter(|features| features.len() == samples);
        let of_groups = features.map(|features| features.iter().map(|values| values.iter().sum()).collect());
        Ok(Found { values, of_groups })
    }

    /// # Errors
    /// As [`new`](Found::new), for values of several inputs, and the framework's own.
    pub(super) fn of<B: Backend>(found: &Attribution<B>) -> Result<Self> {
        match &found.values[..] {
            [values] => Found::new(values.download()?.mapv(Element::as_f64), &found.extras),
            several => Err(Error::InvalidParameter {
                name: "values",
                value: several.len().to_string(),
                reason: "a metric looks at the values of one input: mark the others as `Given`".into(),
            }),
        }
    }

    /// Those of one sample.
    pub(super) fn sample(&self, row: usize) -> Self {
        let values = self.values.slice_axis(Axis(0), Slice::from(row..=row)).to_owned();
        let of_groups = self.of_groups.as_ref().and_then(|all| all.get(row)).map(|&sum| vec![sum]);
        Found { values, of_groups }
    }
}
