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

    /// The bias above 0.
    fn bias_above(&self) -> Result<Option<Tensor<B>>> {
        self.layer.bias.as_ref().map(Tensor::relu).transpose()
    }

    /// Positive contributions alone: x⁺w⁺ + x⁻w⁻, and this bias.
    fn positive(&self, bias: Option<Tensor<B>>) -> Result<Blocks<B>> {
        let above = self.layer.weight.relu()?;
        let below = self.below(|| self.layer.weight.sub(&above))?;
        self.through(&[Row { above, below, bias }])
    }

    /// Positive contributions, and negative ones, x⁺w⁻ + x⁻w⁺; each with the bias of its sign.
    fn both(&self) -> Result<Blocks<B>> {
        let plus = self.layer.weight.relu()?;
        let minus = self.layer.weight.sub(&plus)?;
        let above = self.bias_above()?;
        let below = self.layer.bias.as_ref().zip(above.as_ref()).map(|(b, above)| b.sub(above)).transpose()?;
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
            let both = signs.both()?;
            let z = both.z[0].add(&both.z[1])?;
            let at = z.clone();
            let pull = move |m: &Tensor<B>| {
                let (s, t) = (share(m, &at, &both.z[0], stabilizer)?, share(m, &at, &both.z[1], stabilizer)?);
                both.pull(&[s.scale(alpha)?, t.scale(-beta)?])
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
            Ok((z, Pullback::new(move |m| above.pull(&[share(m, &at, &above.z[0], stabilizer)?]))))
        }
        LrpRule::Gamma(gamma) => {
            let both = signs.both()?;
            let z = both.z[0].add(&both.z[1])?;
            let at = z.clone();
            let pull = move |m: &Tensor<B>| {
                // Of outputs above 0, contributions above 0 are favoured, of those below, the others.
                let above = at.relu()?;
                let by_sign = |a: &Tensor<B>, b: &Tensor<B>| B::forward(&Where.into(), &[&above, a, b]);
                let favoured = by_sign(&both.z[0], &both.z[1])?.scale(gamma)?;
                let s = share(m, &at, &at.add(&favoured)?, stabilizer)?;
                let more = s.scale(1.0 + gamma)?;
                both.pull(&[by_sign(&more, &s)?, by_sign(&s, &more)?])
            };
            Ok((z, Pullback::new(pull)))
        }
        // z⁺, with the bias or without.
        _ => {
            let bias = if matches!(rule, LrpRule::Excitation) { None } else { signs.bias_above()? };
            let positive = signs.positive(bias)?;
            let z = forward()?;
            let at = z.clone();
            Ok((z, Pullback::new(move |m| positive.pull(&[share(m, &at, &positive.z[0], stabilizer)?]))))
        }
    }
}
