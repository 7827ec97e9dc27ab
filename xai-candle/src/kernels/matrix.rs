//! What is done to a product of matrices behind it: rows and columns exchanged, and a number added to each column.

use rayon::prelude::*;
use xai_core::Result;

use super::elementwise::CHUNK;
use super::{Real, check_length, check_positive};

/// Rows and columns that are exchanged at once, in the machine's registers.
const TILE: usize = 8;

/// y\[row, column\] = x\[column, row\] + bias\[column\], for `x` of so many columns.
///
/// # Errors
/// If `x` is not whole rows, or the bias has not one number for each.
pub fn turned<T: Real>(x: &[T], columns: usize, bias: Option<&[T]>) -> Result<Vec<T>> {
    if x.is_empty() {
        return Ok(Vec::new());
    }
    check_positive("columns", columns)?;
    let rows = x.len() / columns;
    check_length("matrix that is turned", x, &[rows, columns])?;
    bias.map_or(Ok(()), |bias| check_length("bias of a turned matrix", bias, &[rows]))?;
    let mut y = vec![T::zero(); x.len()];
    y.par_chunks_mut(TILE * rows).enumerate().with_min_len((CHUNK / (TILE * rows)).max(1)).for_each(|(at, y)| {
        let first = at * TILE;
        let count = y.len() / rows;
        for start in (0..rows).step_by(TILE) {
            let width = TILE.min(rows - start);
            let mut tile = [[T::zero(); TILE]; TILE];
            for i in 0..width {
                let from = &x[(start + i) * columns + first..][..count];
                for (tile, &x) in tile.iter_mut().zip(from) {
                    tile[i] = x;
                }
            }
            for (y, tile) in y.chunks_exact_mut(rows).zip(&tile) {
                y[start..start + width].copy_from_slice(&tile[..width]);
            }
        }
        if let Some(bias) = bias {
            y.chunks_exact_mut(rows).for_each(|y| add(y, bias));
        }
    });
    Ok(y)
}

/// Adds a number to each column.
///
/// # Errors
/// If `x` is not whole rows.
pub fn add_to_rows<T: Real>(x: &mut [T], bias: &[T]) -> Result<()> {
    if x.is_empty() {
        return Ok(());
    }
    check_positive("columns", bias.len())?;
    check_length("matrix that a bias is added to", x, &[x.len() / bias.len(), bias.len()])?;
    x.par_chunks_mut(bias.len()).with_min_len((CHUNK / bias.len()).max(1)).for_each(|x| add(x, bias));
    Ok(())
}

fn add<T: Real>(x: &mut [T], bias: &[T]) {
    for (x, &bias) in x.iter_mut().zip(bias) {
        *x += bias;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns_and_get_their_bias() {
        for (rows, columns) in [(1, 1), (3, 5), (8, 8), (17, 40), (300, 129)] {
            let x: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
            let bias: Vec<f32> = (0..rows).map(|i| 0.5 * i as f32).collect();
            let y = turned(&x, columns, Some(&bias)).unwrap();
            let bare = turned(&x, columns, None).unwrap();
            for (i, (y, bare)) in y.iter().zip(&bare).enumerate() {
                let (row, column) = (i / rows, i % rows);
                assert_eq!((*y, *bare), (x[column * columns + row] + bias[column], x[column * columns + row]));
            }
            let mut back = turned(&bare, rows, None).unwrap();
            assert_eq!(back, x);
            add_to_rows(&mut back, &vec![1.0; columns]).unwrap();
            assert!(back.iter().zip(&x).all(|(y, x)| *y == x + 1.0));
        }
        assert!(turned(&[1f32; 6], 4, None).is_err());
        assert!(turned(&[1f32; 6], 3, Some(&[1.0; 3])).is_err());
        assert!(add_to_rows(&mut [1f32; 6], &[1.0; 4]).is_err());
    }
}
