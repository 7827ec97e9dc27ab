//! Strided parts of an axis, and what undoes them: the pieces of convolution and pooling by tensor operations.

use candle_core::{Result, Tensor};

/// `before` entries of one value in front of an axis, then as many or as few behind it as make `total`.
pub(super) fn extend(t: &Tensor, axis: usize, before: usize, total: usize, value: f64) -> Result<Tensor> {
    let filled = |length: usize| {
        let mut shape = t.dims().to_vec();
        shape[axis] = length;
        Tensor::zeros(shape, t.dtype(), t.device())?.affine(1.0, value)
    };
    let have = before + t.dim(axis)?;
    let mut parts = vec![];
    if before > 0 {
        parts.push(filled(before)?);
    }
    parts.push(t.clone());
    if total > have {
        parts.push(filled(total - have)?);
    }
    let extended = if parts.len() == 1 { t.clone() } else { Tensor::cat(&parts, axis)? };
    if total < have { extended.narrow(axis, 0, total) } else { Ok(extended) }
}

/// The adjoint of [`extend`] with zeros: `length` entries from `before` on, zeros where there are none.
pub(super) fn crop(t: &Tensor, axis: usize, before: usize, length: usize) -> Result<Tensor> {
    let missing = (before + length).saturating_sub(t.dim(axis)?);
    t.pad_with_zeros(axis, 0, missing)?.narrow(axis, before, length)
}

/// `count` entries of an axis: `start`, `start + stride`, ...
pub(super) fn every(t: &Tensor, axis: usize, start: usize, stride: usize, count: usize) -> Result<Tensor> {
    if stride == 1 || count <= 1 {
        return t.narrow(axis, start, count);
    }
    let places: Vec<u32> =
        (0..count).map(|i| u32::try_from(start + i * stride)).collect::<std::result::Result<_, _>>()?;
    t.contiguous()?.index_select(&Tensor::from_vec(places, count, t.device())?, axis)
}

/// stride - 1 zeros between the entries of an axis.
pub(super) fn spread(t: &Tensor, axis: usize, stride: usize) -> Result<Tensor> {
    let n = t.dim(axis)?;
    if stride == 1 || n <= 1 {
        return Ok(t.clone());
    }
    t.unsqueeze(axis + 1)?.pad_with_zeros(axis + 1, 0, stride - 1)?.flatten(axis, axis + 1)?.narrow(
        axis,
        0,
        (n - 1) * stride + 1,
    )
}

/// The adjoint of [`every`] on an axis of length `total`.
pub(super) fn place(t: &Tensor, axis: usize, start: usize, stride: usize, total: usize) -> Result<Tensor> {
    let spread = spread(t, axis, stride)?;
    let behind = total.saturating_sub(start + spread.dim(axis)?);
    spread.pad_with_zeros(axis, start, behind)
}
