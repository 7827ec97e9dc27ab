//! Determinants.

use ndarray::{Array2, ArrayD, ArrayView2, Axis};
use xai_core::Backend;

use crate::tape::{HostStep, Written};
use crate::write::{Cx, Operand};

/// Larger matrices are refused: the gradient has a determinant for each number.
const LARGEST: usize = 32;

/// Of each matrix (..., n, n).
pub(crate) fn det<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let &[.., rows, columns] = &shape[..] else { return Err(cx.shape_error(&shape, "it needs two axes")) };
    if rows != columns || rows > LARGEST || shape.contains(&0) {
        return Err(cx.shape_error(&shape, format!("it needs square matrices of {LARGEST} rows the most")));
    }
    let out = shape[..shape.len() - 2].to_vec();
    let step = HostStep::with_back(
        out,
        move |x| {
            let of = x[0].shape()[..x[0].ndim() - 2].to_vec();
            let found = matrices(&x[0], rows).into_iter().map(determinant).collect();
            ArrayD::from_shape_vec(of.clone(), found).unwrap_or_else(|_| ArrayD::zeros(of))
        },
        move |x, v| {
            let back = matrices(&x[0], rows).into_iter().zip(v);
            let back = back.flat_map(|(matrix, &v)| cofactors(matrix.view()).into_iter().map(move |n| n * v)).collect();
            vec![ArrayD::from_shape_vec(x[0].raw_dim(), back).ok()]
        },
    );
    let x = cx.x(0)?;
    let y = cx.tape.host(step, &[x])?;
    cx.out(y)
}

fn matrices(x: &ArrayD<f64>, rows: usize) -> Vec<Array2<f64>> {
    let all = x.to_shape((x.len() / rows.max(1), rows));
    let all = all.map(|all| all.into_owned()).unwrap_or_else(|_| Array2::zeros((0, rows)));
    all.axis_chunks_iter(Axis(0), rows.max(1)).map(|one| one.to_owned()).collect()
}

/// By elimination, the greatest number of a column first.
fn determinant(mut matrix: Array2<f64>) -> f64 {
    let rows = matrix.nrows();
    let mut found = 1.0;
    for at in 0..rows {
        let best = (at..rows).max_by(|&a, &b| matrix[[a, at]].abs().total_cmp(&matrix[[b, at]].abs())).unwrap_or(at);
        if best != at {
            found = -found;
            for column in 0..rows {
                matrix.swap([at, column], [best, column]);
            }
        }
        let pivot = matrix[[at, at]];
        found *= pivot;
        if pivot == 0.0 {
            return found;
        }
        for row in at + 1..rows {
            let factor = matrix[[row, at]] / pivot;
            for column in at..rows {
                let above = matrix[[at, column]];
                matrix[[row, column]] -= factor * above;
            }
        }
    }
    found
}

/// How the determinant changes with each number, also of a matrix without an inverse.
fn cofactors(matrix: ArrayView2<'_, f64>) -> Array2<f64> {
    let others = |length: usize, left_out: usize| (0..length).filter(|&i| i != left_out).collect::<Vec<_>>();
    Array2::from_shape_fn(matrix.raw_dim(), |(row, column)| {
        let minor = matrix.select(Axis(0), &others(matrix.nrows(), row));
        let minor = minor.select(Axis(1), &others(matrix.ncols(), column));
        let sign = if (row + column) % 2 == 0 { 1.0 } else { -1.0 };
        sign * determinant(minor)
    })
}
