//! Sequences as images of one row.

use super::PaddingNd;
use super::lengths::{axes, said_of};
use crate::op::Padding;
use crate::{Backend, Op, Result, Var, Weight};

const NAMED: &str = "(batch, channels, length)";

/// The shapes of an input (B, C, L) as an image (B, C, 1, L), and of what the operation makes of it.
pub(super) fn shapes<B: Backend>(layer: &str, op: &Op<B>, input: &[usize]) -> Result<([usize; 4], [usize; 3])> {
    let [batch, channels, length] = axes(layer, input, NAMED)?;
    let image = [batch, channels, 1, length];
    let output = op.output_shape(&[&image]).and_then(|output| axes::<4>(layer, &output, NAMED));
    let [batch, channels, _, length] = output.map_err(|error| said_of(layer, input, error))?;
    Ok((image, [batch, channels, length]))
}

/// A sequence (B, C, L) through an operation on images that leaves one row one row.
pub(super) fn through<'m, B: Backend>(layer: &str, x: &Var<'m, B>, op: impl Into<Op<B>>) -> Result<Var<'m, B>> {
    let op = op.into();
    let (image, output) = shapes(layer, &op, &x.shape()?)?;
    Ok(x.reshape(&image).op(op).reshape(&output))
}

/// A kernel of three axes, as one of one row.
pub(super) fn weight<B: Backend>(weight: &Weight<B>) -> Result<Weight<B>> {
    match *weight.shape() {
        [first, second, length] => weight.reshape(&[first, second, 1, length]),
        _ => Ok(weight.clone()),
    }
}

/// Left and right of the row.
pub(super) fn padding(PaddingNd([(left, right)]): PaddingNd<1>) -> Padding {
    Padding { left, right, ..Padding::default() }
}
