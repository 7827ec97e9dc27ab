//! Checks that the layers' shapes are made of.

use crate::{Arithmetic, Error, Result, Weight};

/// The four lengths of an image (B, C, H, W).
pub(crate) fn image(op: &str, input: &[usize]) -> Result<[usize; 4]> {
    <[usize; 4]>::try_from(input).map_err(|_| {
        refused(
            op,
            input,
            format!("it has {} axes, but an image needs 4, (batch, channels, rows, columns)", input.len()),
        )
    })
}

/// The channels, of an input (B, C, ...).
pub(super) fn channels(op: &str, input: &[usize]) -> Result<usize> {
    match input {
        [_, channels, ..] => Ok(*channels),
        _ => Err(refused(op, input, format!("it has {} axes, but needs (batch, channels, ...)", input.len()))),
    }
}

/// The length of the last axis.
pub(super) fn last(op: &str, input: &[usize]) -> Result<usize> {
    input.last().copied().ok_or_else(|| refused(op, input, "it has no axis".into()))
}

/// An axis, of which a negative one counts from the end.
pub(crate) fn axis(axis: isize, rank: usize) -> Result<usize> {
    let found = if axis < 0 { rank.checked_sub(axis.unsigned_abs()) } else { Some(axis.unsigned_abs()) };
    found.filter(|&found| found < rank).ok_or_else(|| Error::InvalidParameter {
        name: "axis",
        value: axis.to_string(),
        reason: format!("the input has {rank} axes: it must be within -{rank}..{rank}"),
    })
}

/// Whether an axis is the first; one that counts from the end is told where the number of axes is known.
pub(super) fn is_batch_axis(number: isize, rank: Option<usize>) -> bool {
    number == 0 || rank.is_some_and(|rank| axis(number, rank).is_ok_and(|found| found == 0))
}

/// Checks the number of channels that a layer's weights take.
pub(super) fn takes_channels(op: &str, input: &[usize], expected: usize, because: &str) -> Result<()> {
    let got = channels(op, input)?;
    if got == expected {
        return Ok(());
    }
    let last = match input {
        [_, _, .., last] if *last == expected => ": are its channels last? They belong to axis 1",
        _ => "",
    };
    Err(refused(op, input, format!("it has {got} channels (axis 1), but {because} takes {expected}{last}")))
}

/// Checks the shape of a weight that may be missing.
pub(super) fn weight<B: Arithmetic>(what: &str, weight: Option<&Weight<B>>, expected: &[usize]) -> Result<()> {
    weight.map_or(Ok(()), |w| Error::check_shape(what, expected, w.shape()))
}

/// A whole number below `count`, which an input gives as any number.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn whole(id: f64, count: usize, what: &str) -> Result<usize> {
    let fits = id.fract() == 0.0 && (0.0..count as f64).contains(&id);
    fits.then_some(id as usize).ok_or_else(|| Error::InvalidParameter {
        name: "id",
        value: id.to_string(),
        reason: format!("{what} takes whole numbers from 0 to {}", count.saturating_sub(1)),
    })
}

/// Checks that ε is a number that can be added to a variance.
pub(super) fn epsilon(eps: f64) -> Result<()> {
    if eps.is_finite() && eps >= 0.0 {
        return Ok(());
    }
    let reason = "it is added to a variance: a small number, not negative".into();
    Err(Error::InvalidParameter { name: "eps", value: eps.to_string(), reason })
}

/// Checks that an output can be counted and the input has an element.
pub(super) fn countable(op: &str, input: &[usize], output: Vec<usize>) -> Result<Vec<usize>> {
    if input.contains(&0) {
        return Err(refused(op, input, "it has no element".into()));
    }
    // What can be allocated is counted in an `isize` of bytes; a number and what is noted about it take less than 64.
    let bytes = output.iter().try_fold(64_usize, |bytes, &n| bytes.checked_mul(n));
    if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Error::InvalidShape {
            what: format!("output of {op}"),
            got: output,
            reason: "it has too many elements to be counted".into(),
        });
    }
    Ok(output)
}

/// The error of an input that a layer does not take.
pub(super) fn refused(op: &str, input: &[usize], reason: String) -> Error {
    Error::InvalidShape { what: format!("input of {op}"), got: input.to_vec(), reason }
}
