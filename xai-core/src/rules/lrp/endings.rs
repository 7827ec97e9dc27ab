//! Outputs that are probabilities.

use crate::graph::{Graph, Site};
use crate::op::{Activation, Binary, Reduce, Reduction};
use crate::{Backend, Op};

/// The step that makes the output probabilities, or their logarithms: a softmax or a sigmoid, also one by hand, with
/// nothing behind it but what moves, scales, shifts, averages, chooses from or joins them.
///
/// What is a product of them with other values is none, as attention's values by its weights, or maps by their gates;
/// nor is what a layer makes of them, or one number for each, as an expected value.
pub(super) fn end_in_probabilities<'a, 'm, B: Backend>(
    graph: &Graph<'m, B>,
    sites: &'a [Option<Site<'a, 'm, B>>],
) -> Option<&'a Site<'a, 'm, B>> {
    let mut made_by = vec![None; sites.len()];
    for (i, site) in sites.iter().enumerate() {
        made_by[i] = site.as_ref().and_then(|site| made_by_of(site, &made_by));
    }
    sites.get((*made_by.get(graph.output().0)?)?)?.as_ref()
}

/// The step that makes a value probabilities, given which makes each value in front of it.
fn made_by_of<B: Backend>(site: &Site<'_, '_, B>, made_by: &[Option<usize>]) -> Option<usize> {
    let of_input = |input: usize| made_by.get(site.node().inputs().get(input)?.0).copied().flatten();
    // The first one, where they are made for each of the values that vary.
    let of_all = |inputs: std::ops::Range<usize>| {
        let varying = inputs.filter(|&input| site.wanted().get(input) == Some(&true));
        varying.map(of_input).collect::<Option<Vec<_>>>()?.first().copied()
    };
    let both = || site.wanted() == [true, true];
    let inputs = site.node().inputs().len();
    match site.op()? {
        Op::Softmax(_) | Op::LogSoftmax(_) | Op::Activation(Activation::Sigmoid) => Some(site.id()),
        _ if is_by_hand(site) => Some(site.id()),
        Op::Reshape(_)
        | Op::Flatten(_)
        | Op::Permute(_)
        | Op::Narrow(_)
        | Op::IndexSelect(_)
        | Op::Gather(_)
        | Op::Scale(_)
        | Op::Reduce(_)
        | Op::AvgPool2d(_)
        | Op::AdaptiveAvgPool2d(_)
        | Op::Upsample2d(_)
        | Op::Activation(Activation::Log | Activation::Exp | Activation::Relu | Activation::Relu6) => of_input(0),
        Op::Concatenate(_) | Op::Binary(Binary::Add | Binary::Sub) => of_all(0..inputs),
        Op::Where(_) => of_all(1..inputs),
        Op::Binary(Binary::Mul) if both() => of_all(0..inputs),
        Op::Binary(Binary::Mul | Binary::Div) if is_by_one_number(site) => of_all(0..inputs),
        _ => None,
    }
}

/// Whether all numbers are multiplied or divided by the same one.
fn is_by_one_number<B: Backend>(site: &Site<'_, '_, B>) -> bool {
    let numbers = |input: usize| site.constant(input).map(|constant| constant.shape().iter().product::<usize>());
    match (site.op(), site.wanted()) {
        (Some(Op::Binary(Binary::Mul)), [false, true]) => numbers(0) == Some(1),
        (Some(Op::Binary(_)), [true, false]) => numbers(1) == Some(1),
        _ => false,
    }
}

/// Whether a step is the last one of a softmax or a sigmoid that is written as e to the power of something, by sums of
/// it; or of a softmax's logarithm.
fn is_by_hand<B: Backend>(site: &Site<'_, '_, B>) -> bool {
    let before = |input| site.before(input).map(|before| Origin::of(&before));
    match (site.op(), site.wanted()) {
        (Some(Op::Binary(Binary::Div)), [true, true]) => {
            before(0).zip(before(1)).is_some_and(|(of, sum)| sum.is_power() && of.site.id() == sum.site.id())
        }
        (Some(Op::Binary(Binary::Mul)), [true, true]) => {
            let inverse = |input: usize| {
                let inverse = Origin::of(&site.before(input)?).site;
                is_inverse(&inverse).then(|| inverse.before(0)).flatten().map(|sum| Origin::of(&sum))
            };
            [(0, 1), (1, 0)].into_iter().any(|(of, sum)| {
                before(of).zip(inverse(sum)).is_some_and(|(of, sum)| sum.is_power() && of.site.id() == sum.site.id())
            })
        }
        (Some(Op::Binary(Binary::Div)), [false, true]) => before(1).is_some_and(|sum| sum.is_power() && sum.shifted),
        (Some(Op::Binary(Binary::Sub)), [true, true]) => before(1).is_some_and(|of| is_logarithm_of_sum(&of.site)),
        _ if is_inverse(site) => before(0).is_some_and(|sum| sum.is_power() && sum.shifted),
        _ => false,
    }
}

fn is_inverse<B: Backend>(site: &Site<'_, '_, B>) -> bool {
    let activation = site.op().and_then(Op::as_activation);
    matches!(activation, Some(Activation::Reciprocal)) || activation == Some(Activation::Power { exponent: -1.0 })
}

/// Whether a value is log Σ eᶻ, or that and the greatest of z, which was taken off before.
fn is_logarithm_of_sum<B: Backend>(site: &Site<'_, '_, B>) -> bool {
    let is_it = |site: &Site<'_, '_, B>| {
        let of = site.before(0).filter(|_| site.op().and_then(Op::as_activation) == Some(Activation::Log));
        of.is_some_and(|of| Origin::of(&of).is_power())
    };
    let one_of = |input: usize| site.before(input).is_some_and(|before| is_it(&Origin::of(&before).site));
    is_it(site) || matches!(site.op(), Some(Op::Binary(Binary::Add))) && (one_of(0) || one_of(1))
}

/// Where numbers come from that were only moved, summed, scaled and shifted by constants.
struct Origin<'a, 'm, B: Backend> {
    site: Site<'a, 'm, B>,
    /// Whether they were shifted.
    shifted: bool,
}

impl<'a, 'm, B: Backend> Origin<'a, 'm, B> {
    fn of(site: &Site<'a, 'm, B>) -> Self {
        let mut origin = Origin { site: site.clone(), shifted: false };
        while let Some(before) = origin.step() {
            origin.site = before;
        }
        origin
    }

    fn step(&mut self) -> Option<Site<'a, 'm, B>> {
        let alone = self.site.wanted().iter().filter(|&&wanted| wanted).count() == 1;
        match self.site.op()? {
            Op::Reshape(_) | Op::Flatten(_) | Op::Permute(_) | Op::Narrow(_) | Op::IndexSelect(_) => {}
            Op::Reduce(Reduce { of: Reduction::Sum | Reduction::Mean, .. }) => {}
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
