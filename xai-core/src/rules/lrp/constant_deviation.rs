//! Norms whose deviation is held constant.

use crate::op::Activation;
use crate::{Backend, Error, Op, Pullback, Result, Tensor};

/// A norm's pullback with σ as a constant: with g = v · weight / σ, g less its mean over what is normalised together;
/// g itself where the mean is not taken off.
pub(super) fn with_constant_deviation<'m, B: Backend>(op: &Op<B>, x: &Tensor<B>) -> Result<Pullback<'m, B>> {
    let shape = x.shape();
    let rank = shape.len();
    let along_channels = |weight: &Tensor<B>| {
        let mut channels = vec![1; rank];
        channels[1] = shape[1];
        weight.reshape(&channels)
    };
    // What is normalised together, as the last axes of this shape.
    let (apart, axes, centred, eps, weight) = match op {
        Op::LayerNorm(norm) => {
            let weight = norm.weight.as_ref().map(crate::Weight::tensor);
            (shape.clone(), (rank - norm.axes..rank).collect::<Vec<_>>(), true, norm.eps, weight)
        }
        Op::RmsNorm(norm) => {
            let weight = norm.weight.as_ref().map(crate::Weight::tensor);
            (shape.clone(), vec![rank - 1], false, norm.eps, weight)
        }
        Op::GroupNorm(norm) => {
            let run = shape[1..].iter().product::<usize>() / norm.groups.max(1);
            let weight = norm.weight.as_ref().map(|weight| along_channels(&weight.tensor())).transpose()?;
            (vec![shape[0], norm.groups, run], vec![2], true, norm.eps, weight)
        }
        _ => return Err(Error::backend(B::NAME, format!("{} is no norm", op.name()))),
    };
    let x = x.widen()?.reshape(&apart)?;
    let x = if centred { x.sub(&x.mean(&axes)?)? } else { x };
    let variance = x.mul(&x)?.mean(&axes)?.affine(1.0, eps)?;
    let inverse = B::forward(&Op::Activation(Activation::Power { exponent: -0.5 }), &[&variance])?;
    Ok(Pullback::new(move |v: &Tensor<B>| {
        let g = weight.as_ref().map_or_else(|| Ok(v.clone()), |weight| v.mul(weight))?;
        let g = g.widen()?.reshape(&apart)?.mul(&inverse)?;
        let g = if centred { g.sub(&g.mean(&axes)?)? } else { g };
        g.reshape(&shape)?.in_type_of(v)
    }))
}
