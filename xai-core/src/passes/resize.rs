//! Maps at another size, on the model's device.

use ndarray::Array2;

use crate::op::UpsampleMode;
use crate::{Backend, Element, Error, Result, Tensor};

/// Maps (.., .., spatial axes...), resized to other lengths of the spatial axes: linear between the centres of pixels
/// along each axis, which for two axes is bilinear. What is constant stays so, and a non-negative map as well.
///
/// One small matrix for each axis that changes goes to the device.
pub(crate) fn resized<B: Backend>(maps: &Tensor<B>, lengths: &[usize]) -> Result<Tensor<B>> {
    let shape = maps.shape();
    if shape.len() != lengths.len() + 2 {
        return Err(Error::InvalidShape {
            what: "map".into(),
            got: shape,
            reason: format!("it cannot be resized to {lengths:?}: it has another number of spatial axes"),
        });
    }
    let mut maps = maps.clone();
    let last = shape.len() - 1;
    for (axis, &length) in (2..).zip(lengths) {
        if shape[axis] == length {
            continue;
        }
        let mut shares = Array2::<B::Elem>::zeros((shape[axis], length));
        for to in 0..length {
            for (from, share) in (UpsampleMode::Bilinear { align_corners: false }).shares(shape[axis], length, to) {
                let sum = &mut shares[[from, to]];
                *sum = B::Elem::of(sum.as_f64() + share);
            }
        }
        let shares = Tensor::upload(shares.view().into_dyn(), &maps.placement())?;
        let mut order: Vec<usize> = (0..=last).collect();
        order.swap(axis, last);
        maps = match axis == last {
            true => maps.matmul(&shares)?,
            false => maps.permute(&order)?.matmul(&shares)?.permute(&order)?,
        };
    }
    Ok(maps)
}
