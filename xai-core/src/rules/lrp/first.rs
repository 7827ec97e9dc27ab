//! Rules of the first layer: relevance itself, also for inputs that are 0.

use super::rule::{Bound, LrpRule};
use super::weighted::{Weighted, number};
use crate::{Backend, Pullback, Result, Tensor};

/// The output, and the way back from its multipliers to relevance of the input, of which `seen` tells what is no border
/// ([`seen`](super::seen::seen)): none goes there, as none goes to the padding of a convolution. What a bound is of
/// each of its numbers, `bound_of` tells.
pub(super) fn first<'m, B: Backend>(
    rule: &LrpRule,
    (layer, x): (Weighted<B>, Tensor<B>),
    seen: Option<Tensor<B>>,
    bound_of: impl Fn(&Bound) -> Result<Tensor<B>>,
    forward: impl FnOnce() -> Result<Tensor<B>>,
    stabilizer: f64,
) -> Result<(Tensor<B>, Pullback<'m, B>)> {
    let share = move |m: &Tensor<B>, z: &Tensor<B>, of: &Tensor<B>| {
        B::ratio_pull(m.inner(), z.inner(), of.inner(), stabilizer).map(Tensor::new)
    };
    if let LrpRule::ZBox(low, high) = rule {
        let plus = layer.weight.relu()?;
        let minus = layer.weight.sub(&plus)?;
        let inside = |t: Tensor<B>| seen.as_ref().map_or_else(|| Ok(t.clone()), |seen| t.mul(seen));
        let (low, high) = (inside(bound_of(low)?)?, inside(bound_of(high)?)?);
        let x = inside(x)?;
        let (by_x, of_x) = layer.at(&layer.weight, None, &x)?;
        let ((by_low, of_low), (by_high, of_high)) = (layer.at(&plus, None, &low)?, layer.at(&minus, None, &high)?);
        let sum = by_x.sub(&by_low)?.sub(&by_high)?;
        // A border may be of another value than 0, which counts in z.
        let z = if seen.is_some() { forward()? } else { layer.with_bias(&by_x)? };
        let at = z.clone();
        let pull = move |m: &Tensor<B>| {
            let s = share(m, &at, &sum)?;
            let of_bounds = low.mul(&of_low.pull(&s)?)?.add(&high.mul(&of_high.pull(&s)?)?)?;
            x.mul(&of_x.pull(&s)?)?.sub(&of_bounds)
        };
        return Ok((z, Pullback::new(pull)));
    }
    let weight = match rule {
        LrpRule::Flat => layer.weight.affine(0.0, 1.0)?,
        _ => layer.weight.mul(&layer.weight)?,
    };
    let ones = seen.map_or_else(|| number(1.0, &x)?.broadcast_to(&x.shape()), Ok)?;
    let (sum, pull) = layer.at(&weight, None, &ones)?;
    let z = forward()?;
    let at = z.clone();
    Ok((z, Pullback::new(move |m| pull.pull(&share(m, &at, &sum)?))))
}
