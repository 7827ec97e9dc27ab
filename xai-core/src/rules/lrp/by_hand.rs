//! Softmaxes and sigmoids that are written as e to the power of something, by sums of it.

use super::facts::only_moves;
use crate::graph::{Site, Step};
use crate::op::{Activation, Binary, Reduce, Reduction};
use crate::{Backend, Element, Op, Weight};

/// What a step is the last one of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ByHand {
    Softmax,
    /// The logarithm of a softmax.
    Logarithm,
    Sigmoid,
    /// What the step with this number makes, by its sum.
    Shares(usize),
}

/// What a step is the last one of, if it is: with which values are probabilities that are shared out.
pub(super) fn by_hand<B: Backend>(site: &Site<'_, '_, B>, is_made: impl Fn(usize) -> bool) -> Option<ByHand> {
    let before = |input| site.before(input).map(|before| Origin::of(&before));
    let of_both = |of: Origin<'_, '_, B>, sum: Origin<'_, '_, B>| {
        let one = !sum.chosen && same(&of.site, &sum.site, DEPTH);
        match (one, sum.is_power(), sum.summed, sum.shifted) {
            (true, true, true, _) => Some(ByHand::Softmax),
            (true, true, false, true) => Some(ByHand::Sigmoid),
            (true, false, true, _) if is_made(of.site.id()) => Some(ByHand::Shares(of.site.id())),
            _ => None,
        }
    };
    let sigmoid = |sum: Origin<'_, '_, B>| (sum.is_power() && sum.shifted).then_some(ByHand::Sigmoid);
    match (site.op()?, site.wanted()) {
        (Op::Binary(Binary::Div), [true, true]) => of_both(before(0)?, before(1)?),
        (Op::Binary(Binary::Mul), [true, true]) => {
            let inverse = |input: usize| {
                let inverse = Origin::of(&site.before(input)?).site;
                is_inverse(&inverse).then(|| inverse.before(0)).flatten().map(|sum| Origin::of(&sum))
            };
            [(0, 1), (1, 0)].into_iter().find_map(|(of, sum)| of_both(before(of)?, inverse(sum)?))
        }
        (Op::Binary(Binary::Div), [false, true]) => sigmoid(before(1)?),
        (Op::Binary(Binary::Sub), [true, true]) => {
            let (of, sum) = (site.before(0)?, logarithm_of_sum(&before(1)?.site)?);
            stands_in(&of, &sum).then_some(ByHand::Logarithm)
        }
        _ if is_inverse(site) => sigmoid(before(0)?),
        _ => None,
    }
}

fn is_inverse<B: Backend>(site: &Site<'_, '_, B>) -> bool {
    let activation = site.op().and_then(Op::as_activation);
    matches!(activation, Some(Activation::Reciprocal)) || activation == Some(Activation::Power { exponent: -1.0 })
}

/// Of log Σ eᶻ, or of m + log Σ exp(z - m), as it is written with the greatest of z: z.
fn logarithm_of_sum<'a, 'm, B: Backend>(site: &Site<'a, 'm, B>) -> Option<Site<'a, 'm, B>> {
    let logarithm = |site: &Site<'a, 'm, B>| {
        let of = site.before(0).filter(|_| site.op().and_then(Op::as_activation) == Some(Activation::Log))?;
        let power = Origin::of(&of);
        (power.is_power() && !power.chosen).then(|| power.site.before(0)).flatten()
    };
    if !matches!(site.op(), Some(Op::Binary(Binary::Add))) {
        return logarithm(site);
    }
    [(0, 1), (1, 0)].into_iter().find_map(|(of, most)| {
        let less = logarithm(&Origin::of(&site.before(of)?).site)?;
        let taken = less.before(1).filter(|_| matches!(less.op(), Some(Op::Binary(Binary::Sub))))?;
        let moved = |site: &Site<'a, 'm, B>| Origin::of(site).site;
        same(&moved(&taken), &moved(&site.before(most)?), DEPTH).then(|| less.before(0)).flatten()
    })
}

/// Whether a value is z, entries of it, or among what is joined to z.
fn stands_in<B: Backend>(value: &Site<'_, '_, B>, z: &Site<'_, '_, B>) -> bool {
    let whole = |site: &Site<'_, '_, B>| {
        let mut at = Some(site.clone());
        while let Some(site) = at {
            if same(&site, z, DEPTH) {
                return true;
            }
            at = site.before(0).filter(|_| site.op().is_some_and(only_moves));
        }
        false
    };
    let joined = |part: usize| z.before(part).is_some_and(|part| same(value, &part, DEPTH));
    whole(value) || matches!(z.op(), Some(Op::Concatenate(_))) && (0..z.node().inputs().len()).any(joined)
}

/// How many steps back two values are compared that are written twice.
const DEPTH: usize = 6;

/// Whether two values are one, or made by the same steps of the same values.
fn same<B: Backend>(a: &Site<'_, '_, B>, b: &Site<'_, '_, B>, depth: usize) -> bool {
    if a.id() == b.id() {
        return true;
    }
    let inputs = a.node().inputs().len();
    let alike = match (a.node().step(), b.node().step()) {
        (Step::Op(a), Step::Op(b)) => depth > 0 && is_same_step(a, b),
        (Step::Constant(a), Step::Constant(b)) => one_number(a).is_some_and(|a| one_number(b) == Some(a)),
        _ => false,
    };
    let one = |input| a.before(input).zip(b.before(input)).is_some_and(|(a, b)| same(&a, &b, depth - 1));
    alike && inputs == b.node().inputs().len() && (0..inputs).all(one)
}

/// Whether two steps without weights do the same.
fn is_same_step<B: Backend>(a: &Op<B>, b: &Op<B>) -> bool {
    match (a, b) {
        (Op::Activation(a), Op::Activation(b)) => a == b,
        (Op::Scale(a), Op::Scale(b)) => a == b,
        (Op::Binary(a), Op::Binary(b)) => a == b,
        (Op::Reduce(a), Op::Reduce(b)) => a == b,
        (Op::Reshape(a), Op::Reshape(b)) => a == b,
        (Op::Flatten(a), Op::Flatten(b)) => a == b,
        (Op::Permute(a), Op::Permute(b)) => a == b,
        (Op::Narrow(a), Op::Narrow(b)) => a == b,
        (Op::IndexSelect(a), Op::IndexSelect(b)) => a == b,
        (Op::Softmax(a), Op::Softmax(b)) => a == b,
        (Op::LogSoftmax(a), Op::LogSoftmax(b)) => a == b,
        (Op::Concatenate(a), Op::Concatenate(b)) => a == b,
        (Op::Where(a), Op::Where(b)) => a == b,
        (Op::MatMul(a), Op::MatMul(b)) => a == b,
        _ => false,
    }
}

/// What a constant of one number is.
pub(super) fn one_number<B: Backend>(constant: &Weight<B>) -> Option<f64> {
    let is_one = constant.shape().iter().product::<usize>() == 1;
    let number = is_one.then(|| constant.tensor().download().ok()).flatten()?;
    number.first().map(|number| number.as_f64())
}

/// Where numbers come from that were only moved, summed, scaled and shifted by constants.
struct Origin<'a, 'm, B: Backend> {
    site: Site<'a, 'm, B>,
    /// Whether they were shifted.
    shifted: bool,
    /// Whether they were summed up, or averaged.
    summed: bool,
    /// Whether some of them were taken.
    chosen: bool,
}

impl<'a, 'm, B: Backend> Origin<'a, 'm, B> {
    fn of(site: &Site<'a, 'm, B>) -> Self {
        let mut origin = Origin { site: site.clone(), shifted: false, summed: false, chosen: false };
        while let Some(before) = origin.step() {
            origin.site = before;
        }
        origin
    }

    fn step(&mut self) -> Option<Site<'a, 'm, B>> {
        let alone = self.site.wanted().iter().filter(|&&wanted| wanted).count() == 1;
        match self.site.op()? {
            Op::Reshape(_) | Op::Flatten(_) | Op::Permute(_) => {}
            Op::Narrow(_) | Op::IndexSelect(_) => self.chosen = true,
            Op::Reduce(Reduce { of: Reduction::Sum | Reduction::Mean, .. }) => self.summed = true,
            Op::Scale(scale) => self.shifted |= scale.shift != 0.0,
            Op::Binary(Binary::Add) if alone => self.shifted = true,
            Op::Binary(Binary::Mul) if alone => {}
            _ => return None,
        }
        self.site.before(self.site.wanted().iter().position(|&wanted| wanted)?)
    }

    fn is_power(&self) -> bool {
        self.site.op().and_then(Op::as_activation) == Some(Activation::Exp)
    }
}
