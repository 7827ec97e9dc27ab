//! Rules that split contributions by their sign.

use super::blocks::{Blocks, Row};
use super::rule::LrpRule;
use super::weighted::Weighted;
use crate::op::{Activation, Where};
use crate::{Backend, Op, Pullback, Result, Tensor};

type Vjp<'m, B> = Result<(Tensor<B>, Pullback<'m, B>)>;

/// What is above 0 of a layer's weights and bias, or what is below. All of it is made when it is asked for: weights are
/// more numbers than a picture is, and each way through them takes its time.
struct Signs<'a, B: Backend> {
    layer: &'a Weighted<B>,
    x: &'a Tensor<B>,
    not_negative: bool,
}

impl<B: Backend> Signs<'_, B> {
    fn through(&self, rows: &[Row<B>]) -> Result<Blocks<B>> {
        Blocks::new(self.layer, self.x, rows)
    }

    /// What weights are for inputs below 0, if there are any.
    fn below(&self, weights: impl FnOnce() -> Result<Tensor<B>>) -> Result<Option<Tensor<B>>> {
        if self.not_negative { Ok(None) } else { weights().map(Some) }
    }

    /// The weights above 0, and those below.
    fn weights(&self) -> Result<(Tensor<B>, Tensor<B>)> {
        let plus = self.layer.weight.relu()?;
        let minus = self.layer.weight.sub(&plus)?;
        Ok((plus, minus))
    }

    /// The bias above 0.
    fn bias_above(&self) -> Result<Option<Tensor<B>>> {
        self.layer.bias.as_ref().map(Tensor::relu).transpose()
    }

    /// The bias below 0.
    fn bias_below(&self) -> Result<Option<Tensor<B>>> {
        let below = |bias: &Tensor<B>| bias.scale(-1.0)?.relu()?.scale(-1.0);
        self.layer.bias.as_ref().map(below).transpose()
    }

    /// Positive contributions alone: x⁺w⁺ + x⁻w⁻, and this bias.
    fn positive(&self, bias: Option<Tensor<B>>) -> Result<Blocks<B>> {
        let above = self.layer.weight.relu()?;
        let below = self.below(|| self.layer.weight.sub(&above))?;
        self.through(&[Row { above, below, bias }])
    }

    /// Positive contributions, and negative ones, x⁺w⁻ + x⁻w⁺; each with the bias of its sign.
    fn both(&self) -> Result<Blocks<B>> {
        let (plus, minus) = self.weights()?;
        let (above, below) = (self.bias_above()?, self.bias_below()?);
        let of = |by: &Tensor<B>, against: &Tensor<B>, bias| {
            let below = self.below(|| Ok(against.clone()))?;
            Ok(Row { above: by.clone(), below, bias })
        };
        self.through(&[of(&plus, &minus, above)?, of(&minus, &plus, below)?])
    }

    /// Positive contributions counted 1 + γ times, and their bias alike, all divided by 1 + γ: w⁺ + w⁻ / (1 + γ), which
    /// is one way through the weights.
    fn favoured(&self, gamma: f64) -> Result<Blocks<B>> {
        let less = 1.0 / (1.0 + gamma);
        let leaky = |t: &Tensor<B>, slope| B::forward(&Op::Activation(Activation::LeakyRelu { slope }), &[t]);
        let above = leaky(&self.layer.weight, less)?;
        let below = self.below(|| leaky(&self.layer.weight, 1.0 + gamma)?.scale(less))?;
        let bias = self.layer.bias.as_ref().map(|bias| leaky(bias, less)).transpose()?;
        self.through(&[Row { above, below, bias }])
    }
}

/// The output, and the way back of multipliers. With a rectifier behind the layer y = f(z), and nothing comes back
/// where z < 0: then m · f(z) / z is the multiplier of z, and z itself falls out of every share.
pub(super) fn split<'m, B: Backend>(
    rule: &LrpRule,
    (layer, x): (Weighted<B>, Tensor<B>),
    forward: impl FnOnce() -> Result<Tensor<B>>,
    rectifier: Option<Activation>,
    not_negative: bool,
    stabilizer: f64,
) -> Vjp<'m, B> {
    let signs = Signs { layer: &layer, x: &x, not_negative };
    let share = move |m: &Tensor<B>, y: &Tensor<B>, of: &Tensor<B>, stabilizer: f64| {
        B::ratio_pull(m.inner(), y.inner(), of.inner(), stabilizer).map(Tensor::new)
    };
    match *rule {
        LrpRule::AlphaBeta(alpha, beta) if beta != 0.0 => {
            if let Some(f) = rectifier {
                return against_rectified(&signs, (alpha, beta), f, stabilizer);
            }
            let both = signs.both()?;
            let z = both.z[0].add(&both.z[1])?;
            let (y, at) = (z.clone(), z);
            let pull = move |m: &Tensor<B>| {
                let (s, t) = (share(m, &at, &both.z[0], stabilizer)?, share(m, &at, &both.z[1], stabilizer)?);
                both.pull(&[s.scale(alpha)?, t.scale(-beta)?])
            };
            Ok((y, Pullback::new(pull)))
        }
        LrpRule::Gamma(gamma) if rectifier.is_some() => {
            let above = signs.favoured(gamma)?;
            let y = forward()?;
            let at = y.clone();
            // 1 + γ stands above and below, but for what stabilises, which stays a number of the type.
            let least = 1.0 / B::largest_number(&B::counting(&x.placement()));
            let stabilizer = (stabilizer / (1.0 + gamma)).max(least);
            Ok((y, Pullback::new(move |m| above.pull(&[share(m, &at, &above.z[0], stabilizer)?]))))
        }
        LrpRule::Gamma(gamma) => favoured_by_sign(&signs, gamma, stabilizer),
        // z⁺, with the bias or without.
        _ => {
            let bias = if matches!(rule, LrpRule::Excitation) { None } else { signs.bias_above()? };
            let positive = signs.positive(bias)?;
            let y = forward()?;
            let at = y.clone();
            Ok((y, Pullback::new(move |m| positive.pull(&[share(m, &at, &positive.z[0], stabilizer)?]))))
        }
    }
}

/// LRP-αβ in front of a rectifier, where nothing comes back unless z > 0. There z⁻, of a way of its own, is at most as
/// large as z⁺, so that z⁺ = z - z⁻ does not cancel. With s and t the shares of both, W⁺ᵀs + W⁻ᵀt is Wᵀs + W⁻ᵀ(t - s),
/// rounded as the larger of the two shares is. So for inputs of either sign it is three ways through the weights each
/// way instead of four, and for others two as ever, of which one has the weights as they are.
fn against_rectified<'m, B: Backend>(
    signs: &Signs<'_, B>,
    (alpha, beta): (f64, f64),
    f: Activation,
    stabilizer: f64,
) -> Vjp<'m, B> {
    let layer = signs.layer;
    let (plus, minus) = signs.weights()?;
    let below = signs.below(|| Ok(plus))?;
    let against = signs.through(&[Row { above: minus, below, bias: signs.bias_below()? }])?;
    let (z, back) = layer.at(&layer.weight, layer.bias.as_ref(), signs.x)?;
    let y = B::forward(&Op::Activation(f), &[&z])?;
    let at = y.clone();
    let pull = move |m: &Tensor<B>| {
        let [s, t] = B::alpha_beta_pull([m, &at, &z, &against.z[0]], [alpha, beta], stabilizer)?;
        back.pull(&s)?.add(&against.pull(&[t])?)
    };
    Ok((y, Pullback::new(pull)))
}

/// LRP-γ where the output has either sign, by way of magnitudes: with a = |W||x| + |b|, positive contributions are
/// (z + a) / 2 and negative ones (z - a) / 2. Those of the output's sign are at least half of a, so that no denominator
/// cancels. With g = γ / (2 + γ), q = m · z / (z + sign(z) · g · a) and r = g · sign(z) · q, all of the multiplier is
/// Wᵀq + sign(x) · |W|ᵀr: two ways through the weights for inputs of any sign, rounded as what is favoured is. g stands
/// at x, for a itself may be more than a half type holds where z is not.
fn favoured_by_sign<'m, B: Backend>(signs: &Signs<'_, B>, gamma: f64, stabilizer: f64) -> Vjp<'m, B> {
    let of = |f, t: &Tensor<B>| B::forward(&Op::Activation(f), &[t]);
    let (layer, x) = (signs.layer, signs.x);
    let by = gamma / (2.0 + gamma);
    let magnitudes = of(Activation::Abs, &layer.weight)?;
    let bias = layer.bias.as_ref().map(|bias| of(Activation::Abs, bias)?.scale(by)).transpose()?;
    let (z, back) = layer.at(&layer.weight, layer.bias.as_ref(), x)?;
    let (positive, x) = match signs.not_negative {
        true => (None, x.scale(by)?),
        false => (Some(x.relu()?), of(Activation::Abs, x)?.scale(by)?),
    };
    let (more, back_by_magnitude) = layer.at(&magnitudes, bias.as_ref(), &x)?;
    let sign = of(Activation::Sign, &z)?;
    let favoured = z.add(&sign.mul(&more)?)?;
    let sign = sign.scale(by)?;
    let at = z.clone();
    // Above and below stands 2 / (2 + γ) of what the rule says, but for what stabilises.
    let least = 1.0 / B::largest_number(&B::counting(&x.placement()));
    let stabilizer = (stabilizer * 2.0 / (2.0 + gamma)).max(least);
    let pull = move |m: &Tensor<B>| {
        let q = B::ratio_pull(m.inner(), at.inner(), favoured.inner(), stabilizer).map(Tensor::new)?;
        let of_all = back.pull(&q)?;
        let more = back_by_magnitude.pull(&q.mul(&sign)?)?;
        match &positive {
            None => of_all.add(&more),
            // A choice, and no sum: the other side may be infinite.
            Some(positive) => B::forward(&Where.into(), &[positive, &of_all.add(&more)?, &of_all.sub(&more)?]),
        }
    };
    Ok((z, Pullback::new(pull)))
}
