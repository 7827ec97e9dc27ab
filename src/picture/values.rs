//! The values that a picture is drawn of.

use ndarray::{CowArray, Dimension};

use crate::{Dims, Element, Error, Explanation, Result};

/// Those of the one input that was explained, an array's or a tensor's, with as many axes as are asked for.
pub(super) fn only<'a, E: Element, D: Dims<E>, N: Dimension>(
    explanation: &'a Explanation<E, D>,
    needed: &str,
) -> Result<CowArray<'a, E, N>> {
    let mut parts = D::parts(&explanation.values)?;
    let count = parts.len();
    let (Some(values), 1) = (parts.pop(), count) else {
        return Err(Error::InvalidParameter {
            name: "explanation",
            value: format!("values of {count} inputs"),
            reason: "a picture is of one: take each of `explanation.values`, and its samples, by `new`".into(),
        });
    };
    let got = values.shape().to_vec();
    values.into_dimensionality::<N>().map_err(|_| Error::InvalidShape {
        what: explanation.analyzer.clone(),
        got,
        reason: needed.to_owned(),
    })
}
