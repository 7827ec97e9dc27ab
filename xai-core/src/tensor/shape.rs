//! Broadcasting of shapes.

use crate::{Error, Result};

/// The shape that two shapes broadcast to by NumPy's rules.
///
/// # Errors
/// [`Error::Shape`] when an axis differs and neither length is 1.
///
/// ```
/// # use xai_core as xai;
/// assert_eq!(xai::tensor::broadcast_shape(&[4, 1, 3], &[2, 1])?, [4, 2, 3]);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let length = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    (0..rank)
        .map(|axis| match (length(a, axis), length(b, axis)) {
            (m, n) if m == n => Ok(m),
            (1, n) => Ok(n),
            (m, 1) => Ok(m),
            _ => Err(Error::Shape {
                what: "operand of an elementwise operation".into(),
                expected: a.to_vec(),
                got: b.to_vec(),
            }),
        })
        .collect()
}
