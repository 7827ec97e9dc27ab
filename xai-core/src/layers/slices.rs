//! Volumes, slice by slice.

use super::lengths::{axes, said_of};
use crate::{Backend, Error, Op, Result, Var};

/// A volume through an operation on each of its slices, and through one on the images whose rows are slices, and whose
/// columns are the pixels of a slice.
pub(super) fn through<'m, B: Backend>(
    layer: &str,
    x: &Var<'m, B>,
    plane: Op<B>,
    depth: impl FnOnce(usize) -> Op<B>,
) -> Result<Var<'m, B>> {
    let input = x.shape()?;
    let [batch, channels, slices, rows, columns] = axes(layer, &input, "(batch, channels, slices, rows, columns)")?;
    let image = "(batch, channels, rows, columns)";
    let after = |op: &Op<B>, shape: &[usize; 4]| -> Result<[usize; 4]> {
        let output = op.output_shape(&[shape]).map_err(|error| said_of(layer, &input, error))?;
        axes(layer, &output, image)
    };
    let planes = [batch, channels.saturating_mul(slices), rows, columns];
    let [.., rows, columns] = after(&plane, &planes)?;
    let pixels = rows.saturating_mul(columns);
    let (stack, depth) = ([batch, channels, slices, pixels], depth(pixels));
    let [_, _, slices, _] = after(&depth, &stack).map_err(of_slices)?;
    let y = x.reshape(&planes).op(plane).reshape(&stack).op(depth);
    Ok(y.reshape(&[batch, channels, slices, rows, columns]))
}

/// What is said of the rows of an image, said of slices.
fn of_slices(error: Error) -> Error {
    match error {
        Error::InvalidShape { what, got, reason } => {
            Error::InvalidShape { what, got, reason: reason.replace(" rows", " slices") }
        }
        other => other,
    }
}
