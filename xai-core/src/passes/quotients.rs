//! Quotients whose divisor may be 0, on the model's device.

use crate::op::{Activation, Where};
use crate::{Backend, Result, Tensor};

/// z where |z| ≥ ε, else ε · sign(z), where 0 counts as positive: no divisor comes nearer to 0, nor changes its sign.
pub(crate) fn stabilised<B: Backend>(z: &Tensor<B>, epsilon: f64) -> Result<Tensor<B>> {
    let sign = B::forward(&Activation::Sign.into(), &[z])?;
    // 1 - sign² is 1 at 0 alone.
    let with_zero = sign.add(&sign.mul(&sign)?.affine(-1.0, 1.0)?)?;
    let missing = z.mul(&sign)?.affine(-1.0, epsilon)?.relu()?;
    z.add(&missing.mul(&with_zero)?)
}

/// a / b, and 0 where b is 0; b is broadcast to a.
pub(crate) fn quotient_or_zero<B: Backend>(a: &Tensor<B>, b: &Tensor<B>) -> Result<Tensor<B>> {
    let choose = Where.into();
    let one = b.affine(0.0, 1.0)?;
    let quotient = a.div(&B::forward(&choose, &[b, b, &one])?)?;
    let zero = quotient.scale(0.0)?;
    B::forward(&choose, &[&b.broadcast_to(&a.shape())?, &quotient, &zero])
}
