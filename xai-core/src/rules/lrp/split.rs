//! Rules that split contributions by their sign.

use super::rule::LrpRule;
use super::weighted::{Weighted, plus as biased};
use crate::op::Activation;
use crate::{Backend, Op, Pullback, Result, Tensor};

/// A layer's z from weights that differ with the sign of the input: U x⁺ + D x⁻.
struct BySign<B: Backend> {
    z: Tensor<B>,
    above: Pullback<'static, B>,
    /// Of negative inputs, with the choice between the two; none where there are none.
    below: Option<(Pullback<'static, B>, Pullback<'static, B>)>,
}

impl<B: Backend> BySign<B> {
    /// For inputs that are known not to be negative, U x.
    fn new(
        layer: &Weighted<B>,
        [up, down]: [&Tensor<B>; 2],
        x: &Tensor<B>,
        bias: Option<&Tensor<B>>,
        not_negative: bool,
    ) -> Result<Self> {
        if not_negative {
            let (z, above) = layer.at(up, x)?;
            return Ok(BySign { z: biased(&z, bias)?, above, below: None });
        }
        let (positive, choose) = B::vjp(&Op::Activation(Activation::Relu), &[x], &[true])?;
        let negative = x.sub(&positive)?;
        let ((z, above), (z_below, below)) = (layer.at(up, &positive)?, layer.at(down, &negative)?);
        Ok(BySign { z: biased(&z.add(&z_below)?, bias)?, above, below: Some((below, choose)) })
    }

    /// m with x · m = x⁺ · Uᵀs + x⁻ · Dᵀs.
    fn pull(&self, s: &Tensor<B>) -> Result<Tensor<B>> {
        let above = self.above.pull(s)?;
        match &self.below {
            None => Ok(above),
            Some((below, choose)) => {
                let below = below.pull(s)?;
                // Each side alone, to the last bit: the other may be as large as what stabilises is small.
                choose.pull(&above)?.add(&below.sub(&choose.pull(&below)?)?)
            }
        }
    }
}

type Vjp<'m, B> = Result<(Tensor<B>, Pullback<'m, B>)>;

/// The output, and the way back of multipliers. `rectified`: nothing comes back where the output is negative.
pub(super) fn split<'m, B: Backend>(
    rule: &LrpRule,
    (layer, x): (Weighted<B>, Tensor<B>),
    forward: impl FnOnce() -> Result<Tensor<B>>,
    rectified: bool,
    not_negative: bool,
    stabilizer: f64,
) -> Vjp<'m, B> {
    let plus = layer.weight.relu()?;
    let minus = layer.weight.sub(&plus)?;
    let bias_plus = layer.bias.as_ref().map(Tensor::relu).transpose()?;
    let bias_minus = layer.bias.as_ref().zip(bias_plus.as_ref()).map(|(b, plus)| b.sub(plus)).transpose()?;
    let by_sign = |weights, bias: Option<&Tensor<B>>| BySign::new(&layer, weights, &x, bias, not_negative);
    let share = move |m: &Tensor<B>, z: &Tensor<B>, of: &Tensor<B>| {
        B::ratio_pull(m.inner(), z.inner(), of.inner(), stabilizer).map(Tensor::new)
    };
    match *rule {
        LrpRule::AlphaBeta(alpha, beta) if beta != 0.0 => {
            let positive = by_sign([&plus, &minus], bias_plus.as_ref())?;
            let negative = by_sign([&minus, &plus], bias_minus.as_ref())?;
            let z = positive.z.add(&negative.z)?;
            let at = z.clone();
            let pull = move |m: &Tensor<B>| {
                let (s, t) = (share(m, &at, &positive.z)?, share(m, &at, &negative.z)?);
                positive.pull(&s.scale(alpha)?)?.sub(&negative.pull(&t.scale(beta)?)?)
            };
            Ok((z, Pullback::new(pull)))
        }
        LrpRule::Gamma(gamma) if rectified => {
            let more = |part: &Tensor<B>, whole: &Tensor<B>| whole.add(&part.scale(gamma)?);
            let bias = layer.bias.as_ref().zip(bias_plus.as_ref()).map(|(bias, plus)| more(plus, bias)).transpose()?;
            let weights = [more(&plus, &layer.weight)?, more(&minus, &layer.weight)?];
            let above = by_sign(weights.each_ref(), bias.as_ref())?;
            let z = forward()?;
            let at = z.clone();
            Ok((z, Pullback::new(move |m| above.pull(&share(m, &at, &above.z)?))))
        }
        LrpRule::Gamma(gamma) => {
            let positive = by_sign([&plus, &minus], bias_plus.as_ref())?;
            let negative = by_sign([&minus, &plus], bias_minus.as_ref())?;
            let z = positive.z.add(&negative.z)?;
            let at = z.clone();
            let pull = move |m: &Tensor<B>| {
                let above = at.relu()?;
                let below = at.sub(&above)?;
                let s = share(m, &above, &at.add(&positive.z.scale(gamma)?)?)?;
                let t = share(m, &below, &at.add(&negative.z.scale(gamma)?)?)?;
                let both = s.add(&t)?;
                let of_positive = both.add(&s.scale(gamma)?)?;
                positive.pull(&of_positive)?.add(&negative.pull(&both.add(&t.scale(gamma)?)?)?)
            };
            Ok((z, Pullback::new(pull)))
        }
        // z⁺, with the bias or without.
        _ => {
            let bias = bias_plus.filter(|_| !matches!(rule, LrpRule::Excitation));
            let positive = by_sign([&plus, &minus], bias.as_ref())?;
            let z = forward()?;
            let at = z.clone();
            Ok((z, Pullback::new(move |m| positive.pull(&share(m, &at, &positive.z)?))))
        }
    }
}
