//! Max pooling along paths.

use tch::{TchError, Tensor as Torch};
use xai_core::nn::MaxPool2d;
use xai_core::{Error, Pullback, Result, Tensor};

use super::pool::own_padding;
use super::resize::pad;
use super::secant::has_nan;
use crate::backend::{bounded, int, wide};
use crate::failure::{TchResult, failed};
use crate::{HostFloat, LibTorch};

/// See `Backend::max_pool_segments`. Half types are computed in single precision.
pub(crate) fn max_pool_segments<E: HostFloat>(
    op: &MaxPool2d,
    x: &Tensor<LibTorch<E>>,
    nodes: usize,
) -> Result<(Tensor<LibTorch<E>>, Pullback<'static, LibTorch<E>>)> {
    let output = op.segments_shape(&x.shape(), nodes)?;
    let shape: Vec<i64> = output.iter().map(|&n| int(n)).collect();
    let (y, segments) = tch::no_grad(|| Segments::new(op, x.inner(), int(nodes), &shape)).map_err(failed)?;
    let pull = move |v: &Tensor<LibTorch<E>>| {
        Error::check_shape("cotangent", &output, &v.shape())?;
        tch::no_grad(|| segments.pull(v.inner())).map(Tensor::new).map_err(failed)
    };
    Ok((Tensor::new(y), Pullback::new(pull)))
}

/// What goes back along the segments of paths.
struct Segments {
    kernel: [i64; 2],
    stride: [i64; 2],
    /// libtorch's own; what else is around the image is in `border`.
    padding: [i64; 2],
    /// Rows above and columns before the image, and the image's size.
    border: Option<([i64; 2], [i64; 2])>,
    /// Where the maxima at both ends of the segments are, (segments, C, h, w).
    places: [Torch; 2],
    /// What the maximum at the start gets.
    share: Torch,
    /// The shape of the segments' rows, with `border`.
    rows: Vec<i64>,
}

impl Segments {
    fn new(op: &MaxPool2d, x: &Torch, nodes: i64, output: &[i64]) -> Result<(Torch, Self), TchError> {
        let (kind, (_, _, height, width)) = (x.f_kind()?, x.size4()?);
        let (kernel, stride) = (op.kernel.map(int), op.stride.map(int));
        let mut x = x.f_to_kind(wide(kind))?;
        let (padding, border) = match own_padding(op.padding, op.kernel) {
            Some(own) => (own, None),
            None => {
                x = pad(&x, op.padding, f64::NEG_INFINITY)?;
                ([0, 0], Some(([op.padding.top, op.padding.left].map(int), [height, width])))
            }
        };
        let (highest, places) = x.f_max_pool2d_with_indices(kernel, stride, padding, [1, 1], false)?;
        let (all, channels, height, width) = x.size4()?;
        // (paths, nodes, C, places of a plane): the rows at the segments' starts, or ends.
        let end =
            |t: &Torch, start: i64| t.f_reshape([all / nodes, nodes, channels, -1])?.f_narrow(1, start, nodes - 1);
        let [starts, ends] = [end(&places, 0)?, end(&places, 1)?];
        let y = end(&highest, 1)?;
        let shares = |limited: &dyn Fn(Torch) -> TchResult| {
            let there = |row: i64, places: &Torch| limited(end(&x, row)?.f_gather(3, places, false)?);
            let ahead = limited(end(&highest, 0)?)?.f_sub(&there(0, &ends)?)?;
            let mut span = limited(y.shallow_clone())?.f_sub(&there(1, &starts)?)?.f_add_(&ahead)?;
            let same = span.f_eq(0.0)?;
            ahead.f_masked_fill(&same, 0.5)?.f_div_(&span.f_masked_fill_(&same, 1.0)?)
        };
        let mut share = shares(&Ok)?;
        if has_nan(&share)? {
            share = shares(&|t| bounded(&t, wide(kind)))?;
        }
        let shaped = |t: &Torch| t.f_reshape(output);
        let segments = Segments {
            kernel,
            stride,
            padding,
            border,
            places: [shaped(&starts)?, shaped(&ends)?],
            share: shaped(&share)?,
            rows: vec![all - all / nodes, channels, height, width],
        };
        Ok((shaped(&y)?.f_to_kind(kind)?, segments))
    }

    fn pull(&self, v: &Torch) -> TchResult {
        let kind = v.f_kind()?;
        let v = v.f_to_kind(wide(kind))?;
        // Only its shape is looked at: what is never touched takes no memory.
        let rows = Torch::f_empty(&self.rows, (v.f_kind()?, v.device()))?;
        let back = |v: &Torch, places: &Torch| {
            rows.f_max_pool2d_with_indices_backward(v, self.kernel, self.stride, self.padding, [1, 1], false, places)
        };
        let [starts, ends] = &self.places;
        let first = self.share.f_mul(&v)?;
        let mut pulled = back(&first, starts)?;
        pulled = pulled.f_add_(&back(&v.f_sub(&first)?, ends)?)?;
        if let Some(([top, left], [height, width])) = self.border {
            pulled = pulled.f_narrow(2, top, height)?.f_narrow(3, left, width)?;
        }
        pulled.f_to_kind(kind)
    }
}
