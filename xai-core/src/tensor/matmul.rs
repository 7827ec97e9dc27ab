//! Products of stacks of matrices on the host.

use ndarray::{ArrayD, ArrayView2, IxDyn, linalg::general_mat_mul};

use super::{Element, broadcast_shape};
use crate::{Error, Result};

/// The shape of the product of (..., M, K) and (..., K, N), the axes before the last two broadcast.
///
/// # Errors
/// [`Error::InvalidShape`] for fewer than 2 axes, [`Error::Shape`] when the lengths do not fit.
pub(crate) fn product_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    for got in [a, b] {
        if got.len() < 2 {
            return Err(Error::InvalidShape {
                what: "operand of a matrix product".into(),
                got: got.to_vec(),
                reason: "it needs at least 2 axes, (..., rows, columns)".into(),
            });
        }
    }
    let ((stack_a, a_end), (stack_b, b_end)) = (a.split_at(a.len() - 2), b.split_at(b.len() - 2));
    if a_end[1] != b_end[0] {
        return Err(Error::Shape {
            what: format!("second operand of a matrix product (of {a:?})"),
            expected: [stack_b, &[a_end[1], b_end[1]]].concat(),
            got: b.to_vec(),
        });
    }
    let mut shape = broadcast_shape(stack_a, stack_b)?;
    shape.extend([a_end[0], b_end[1]]);
    Ok(shape)
}

/// The product, of arrays in any layout.
pub(super) fn matmul<F: Element>(a: &ArrayD<F>, b: &ArrayD<F>) -> Result<ArrayD<F>> {
    let shape = product_shape(a.shape(), b.shape())?;
    let (stack, end) = shape.split_at(shape.len() - 2);
    let lengths = |t: &ArrayD<F>| [t.shape()[t.ndim() - 2], t.shape()[t.ndim() - 1]];
    let (a_end, b_end) = (lengths(a), lengths(b));
    let whole = |t: &ArrayD<F>, end: [usize; 2]| {
        let shape = [stack, &end].concat();
        let wide = t.broadcast(IxDyn(&shape)).map(|t| t.as_standard_layout().into_owned());
        wide.ok_or_else(|| Error::Shape { what: "matrix product".into(), expected: shape, got: t.shape().to_vec() })
    };
    let (a, b) = (whole(a, a_end)?, whole(b, b_end)?);
    let mut out = ArrayD::<F>::zeros(IxDyn(&shape));
    let failed = |error: ndarray::ShapeError| Error::backend("ndarray", error);
    if let (Some(a), Some(b), Some(out)) = (a.as_slice(), b.as_slice(), out.as_slice_mut()) {
        let sizes = [a_end[0] * a_end[1], b_end[0] * b_end[1], end[0] * end[1]].map(|n| n.max(1));
        for ((a, b), out) in a.chunks(sizes[0]).zip(b.chunks(sizes[1])).zip(out.chunks_mut(sizes[2])) {
            let a = ArrayView2::from_shape(a_end, a).map_err(failed)?;
            let b = ArrayView2::from_shape(b_end, b).map_err(failed)?;
            let mut out = ndarray::ArrayViewMut2::from_shape([end[0], end[1]], out).map_err(failed)?;
            general_mat_mul(F::one(), &a, &b, F::zero(), &mut out);
        }
    }
    Ok(out)
}
