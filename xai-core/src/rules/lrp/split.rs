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
    /// Of U and D; without D for inputs that are known not to be negative: U x.
    fn new(
        layer: &Weighted<B>,
        (up, down): (&Tensor<B>, Option<&Tensor<B>>),
        x: &Tensor<B>,
        bias: Option<&Tensor<B>>,
    ) -> Result<Self> {
        let Some(down) = down else {
            let (z, above) = layer.at(up, x)?;
            return Ok(BySign { z: biased(&z, bias)?, above, below: None });
        };
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

/// What is above 0 of a layer's weights and bias, or what is below. All of it is made when it is asked for: weights are
/// more numbers than a picture is, and each way through them takes its time.
struct Signs<'a, B: Backend> {
    layer: &'a Weighted<B>,
    x: &'a Tensor<B>,
    not_negative: bool,
}

impl<B: Backend> Signs<'_, B> {
    /// The bias above 0.
    fn bias_above(&self) -> Result<Option<Tensor<B>>> {
        self.layer.bias.as_ref().map(Tensor::relu).transpose()
    }

    /// Positive contributions alone: x⁺w⁺ + x⁻w⁻, and this bias.
    fn positive(&self, bias: Option<&Tensor<B>>) -> Result<BySign<B>> {
        let plus = self.layer.weight.relu()?;
        let minus = if self.not_negative { None } else { Some(self.layer.weight.sub(&plus)?) };
        BySign::new(self.layer, (&plus, minus.as_ref()), self.x, bias)
    }

    /// Positive contributions, and negative ones, x⁺w⁻ + x⁻w⁺; each with the bias of its sign.
    fn both(&self) -> Result<[BySign<B>; 2]> {
        let plus = self.layer.weight.relu()?;
        let minus = self.layer.weight.sub(&plus)?;
        let above = self.bias_above()?;
        let below = self.layer.bias.as_ref().zip(above.as_ref()).map(|(b, above)| b.sub(above)).transpose()?;
        let of = |by, against, bias: Option<Tensor<B>>| {
            let against = (!self.not_negative).then_some(against);
            BySign::new(self.layer, (by, against), self.x, bias.as_ref())
        };
        Ok([of(&plus, &minus, above)?, of(&minus, &plus, below)?])
    }

    /// Positive contributions counted 1 + γ times, and their bias alike, all divided by 1 + γ: w⁺ + w⁻ / (1 + γ), which
    /// is one way through the weights.
    fn favoured(&self, gamma: f64) -> Result<BySign<B>> {
        let less = 1.0 / (1.0 + gamma);
        let leaky = |t: &Tensor<B>, slope| B::forward(&Op::Activation(Activation::LeakyRelu { slope }), &[t]);
        let plus = leaky(&self.layer.weight, less)?;
        let minus = match self.not_negative {
            true => None,
            false => Some(leaky(&self.layer.weight, 1.0 + gamma)?.scale(less)?),
        };
        let bias = self.layer.bias.as_ref().map(|bias| leaky(bias, less)).transpose()?;
        BySign::new(self.layer, (&plus, minus.as_ref()), self.x, bias.as_ref())
    }
}

/// The output, and the way back of multipliers. `rectified`: nothing comes back where the output is negative.
pub(super) fn split<'m, B: Backend>(
    rule: &LrpRule,
    (layer, x): (Weighted<B>, Tensor<B>),
    forward: impl FnOnce() -> Result<Tensor<B>>,
    rectified: bool,
    not_negative: bool,
    stabilizer: f64,
) -> Vjp<'m, B> {
    let signs = Signs { layer: &layer, x: &x, not_negative };
    let share = move |m: &Tensor<B>, z: &Tensor<B>, of: &Tensor<B>, stabilizer: f64| {
        B::ratio_pull(m.inner(), z.inner(), of.inner(), stabilizer).map(Tensor::new)
    };
    match *rule {
        LrpRule::AlphaBeta(alpha, beta) if beta != 0.0 => {
            let [positive, negative] = signs.both()?;
            let z = positive.z.add(&negative.z)?;
            let at = z.clone();
            let pull = move |m: &Tensor<B>| {
                let (s, t) = (share(m, &at, &positive.z, stabilizer)?, share(m, &at, &negative.z, stabilizer)?);
                positive.pull(&s.scale(alpha)?)?.sub(&negative.pull(&t.scale(beta)?)?)
            };
            Ok((z, Pullback::new(pull)))
        }
        LrpRule::Gamma(gamma) if rectified => {
            let above = signs.favoured(gamma)?;
            let z = forward()?;
            let at = z.clone();
            // 1 + γ stands above and below, but for what stabilises, which stays a number of the type.
            let least = 1.0 / B::largest_number(&B::counting(&x.placement()));
            let stabilizer = (stabilizer / (1.0 + gamma)).max(least);
            Ok((z, Pullback::new(move |m| above.pull(&share(m, &at, &above.z, stabilizer)?))))
        }
        LrpRule::Gamma(gamma) => {
            let [positive, negative] = signs.both()?;
            let z = positive.z.add(&negative.z)?;
            let at = z.clone();
            let pull = move |m: &Tensor<B>| {
                let above = at.relu()?;
                let below = at.sub(&above)?;
                let s = share(m, &above, &at.add(&positive.z.scale(gamma)?)?, stabilizer)?;
                let t = share(m, &below, &at.add(&negative.z.scale(gamma)?)?, stabilizer)?;
                let both = s.add(&t)?;
                let of_positive = both.add(&s.scale(gamma)?)?;
                positive.pull(&of_positive)?.add(&negative.pull(&both.add(&t.scale(gamma)?)?)?)
            };
            Ok((z, Pullback::new(pull)))
        }
        // z⁺, with the bias or without.
        _ => {
            let bias = if matches!(rule, LrpRule::Excitation) { None } else { signs.bias_above()? };
            let positive = signs.positive(bias.as_ref())?;
            let z = forward()?;
            let at = z.clone();
            Ok((z, Pullback::new(move |m| positive.pull(&share(m, &at, &positive.z, stabilizer)?))))
        }
    }
}
