//! Checks that layers made of several operations share.

use crate::{Error, Result};

/// The lengths of an input that needs so many axes; `named` says what they are.
pub(super) fn axes<const N: usize>(layer: &str, input: &[usize], named: &str) -> Result<[usize; N]> {
    <[usize; N]>::try_from(input)
        .map_err(|_| refused(layer, input, format!("it has {} axes, but needs {N}, {named}", input.len())))
}

/// The error of an input that a layer does not take.
pub(super) fn refused(layer: &str, input: &[usize], reason: String) -> Error {
    Error::InvalidShape { what: format!("input of {layer}"), got: input.to_vec(), reason }
}

/// Checks that no length or step is 0, before an operation says it with axes that the layer does not have.
pub(super) fn at_least_one(name: &'static str, values: &[usize]) -> Result<()> {
    if !values.contains(&0) {
        return Ok(());
    }
    let value = match values {
        [one] => one.to_string(),
        _ => format!("{values:?}"),
    };
    Err(Error::InvalidParameter { name, value, reason: "it must be at least 1 on each axis".into() })
}

/// What an operation refuses of its own input, said of the layer that is made of it, and of what that was given.
pub(super) fn said_of(layer: &str, input: &[usize], error: Error) -> Error {
    match error {
        Error::InvalidShape { what, reason, .. } if what.starts_with("input of ") => refused(layer, input, reason),
        other => other,
    }
}
