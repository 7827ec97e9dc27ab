//! Outputs that are probabilities.

use super::by_hand::{ByHand, by_hand, one_number};
use super::facts::only_moves;
use crate::graph::{Graph, Site};
use crate::op::{Activation, Binary, Reduce, Reduction, Scale};
use crate::{Backend, Op};

/// The step that makes the output probabilities, or their logarithms: a softmax or a sigmoid, also one by hand, with
/// nothing behind it but what moves, scales, shifts, averages, chooses from, joins or shares them out.
///
/// What is a product of them with other values is none, as attention's values by its weights, or maps by their gates;
/// nor is what a layer makes of them, one number for each, as an expected value, or a difference of logarithms, which
/// is one of logits. Sigmoids are units of networks that have no probabilities too: a sum or a difference of several
/// is none, nor one that is shifted to another range, nor their mean, unless it is one over places of a map.
pub(super) fn end_in_probabilities<'a, 'm, B: Backend>(
    graph: &Graph<'m, B>,
    sites: &'a [Option<Site<'a, 'm, B>>],
) -> Option<&'a Site<'a, 'm, B>> {
    let mut made = vec![None; sites.len()];
    for (i, site) in sites.iter().enumerate() {
        made[i] = site.as_ref().and_then(|site| made_of(site, &made));
    }
    let end = (*made.get(graph.output().0)?)?.probabilities()?;
    sites.get(end.by)?.as_ref()
}

/// What numbers are that probabilities are in.
#[derive(Clone, Copy)]
struct Made {
    /// The step that makes them probabilities.
    by: usize,
    of: Of,
    /// Whether they are logarithms.
    logarithm: bool,
    /// They are p · `scale` + `shift`.
    scale: f64,
    shift: f64,
}

/// What was made probabilities.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Classes, of which whatever is added up is one.
    Classes,
    /// A unit.
    Unit,
    /// Several units, of which a mean is one, and no other sum.
    Units,
}

impl Made {
    fn new(by: usize, of: Of, logarithm: bool) -> Self {
        Made { by, of, logarithm, scale: 1.0, shift: 0.0 }
    }

    /// Those that are probabilities, or their logarithms, in whatever unit.
    fn probabilities(self) -> Option<Self> {
        let Made { scale, shift, .. } = self;
        // What is added against a division by 0, or a logarithm of it, is next to nothing.
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-3 * scale.abs();
        let inside = near(shift, 0.0) || near(shift, -scale);
        let is_one = match self.of {
            Of::Classes => true,
            Of::Unit => inside,
            Of::Units => inside && near(scale.abs(), 1.0),
        };
        (self.logarithm || is_one).then_some(self)
    }

    /// What another function makes of them, that gives probabilities.
    fn anew(self, logarithm: bool) -> Option<Self> {
        let of = if self.of == Of::Classes { Of::Classes } else { Of::Unit };
        self.probabilities().map(|made| Made::new(made.by, of, logarithm))
    }

    fn affine(self, by: Scale) -> Self {
        Made { scale: self.scale * by.scale, shift: self.shift * by.scale + by.shift, ..self }
    }

    /// With so many times what others are.
    fn plus(self, other: Self, times: f64) -> Self {
        Made {
            by: self.by,
            of: if [self.of, other.of].contains(&Of::Classes) { Of::Classes } else { Of::Units },
            logarithm: self.logarithm || other.logarithm,
            scale: self.scale + times * other.scale,
            shift: self.shift + times * other.shift,
        }
    }
}

/// What a step's numbers are, given what those in front of it are.
fn made_of<B: Backend>(site: &Site<'_, '_, B>, made: &[Option<Made>]) -> Option<Made> {
    let of_input = |input: usize| made.get(site.node().inputs().get(input)?.0).copied().flatten();
    // Where each of the values that vary are probabilities.
    let of_all = |inputs: std::ops::Range<usize>| {
        let varying = inputs.filter(|&input| site.wanted().get(input) == Some(&true));
        let all = varying.map(|input| of_input(input)?.probabilities()).collect::<Option<Vec<_>>>()?;
        let of = if all.iter().any(|made| made.of == Of::Classes) { Of::Classes } else { Of::Unit };
        Some(Made::new(all.first()?.by, of, all.iter().any(|made| made.logarithm)))
    };
    let both = || site.wanted() == [true, true];
    let inputs = site.node().inputs().len();
    let by_hand = by_hand(site, |step| {
        made.get(step).copied().flatten().and_then(Made::probabilities).is_some_and(|made| !made.logarithm)
    });
    match by_hand {
        Some(ByHand::Softmax) => return Some(Made::new(site.id(), Of::Classes, false)),
        Some(ByHand::Logarithm) => return Some(Made::new(site.id(), Of::Classes, true)),
        Some(ByHand::Sigmoid) => return Some(Made::new(site.id(), Of::Unit, false)),
        // One of the shares is among others, as a class.
        Some(ByHand::Shares(of)) => {
            return made.get(of).copied().flatten().map(|made| Made::new(made.by, Of::Classes, false));
        }
        None => {}
    }
    match site.op()? {
        Op::Softmax(_) => Some(Made::new(site.id(), Of::Classes, false)),
        Op::LogSoftmax(_) => Some(Made::new(site.id(), Of::Classes, true)),
        Op::Activation(Activation::Sigmoid | Activation::HardSigmoid) => Some(Made::new(site.id(), Of::Unit, false)),
        op if only_moves(op) => of_input(0),
        Op::MaxPool2d(_)
        | Op::AdaptiveMaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::AdaptiveAvgPool2d(_)
        | Op::Upsample2d(_)
        | Op::Reduce(Reduce { of: Reduction::Max | Reduction::Min, .. }) => of_input(0),
        Op::Scale(by) => of_input(0).map(|made| made.affine(*by)),
        Op::Reduce(reduce) => reduced(of_input(0)?, reduce, site.input_shape(0)?),
        Op::Activation(f) => function(*f, of_input(0)?),
        Op::Concatenate(_) => of_all(0..inputs),
        Op::Where(_) => of_all(1..inputs),
        Op::Binary(Binary::Add) if both() => Some(of_input(0)?.plus(of_input(1)?, 1.0)),
        // Of logarithms it is one of logits, or of others.
        Op::Binary(Binary::Sub) if both() => {
            let (a, b) = (of_input(0)?, of_input(1)?);
            (!(a.logarithm && b.logarithm)).then(|| a.plus(b, -1.0))
        }
        Op::Binary(Binary::Mul) if both() => of_all(0..inputs),
        Op::Binary(binary) if !both() => {
            let varies = site.wanted().iter().position(|&wanted| wanted)?;
            with_constant(*binary, site, varies, of_input(varies)?)
        }
        _ => None,
    }
}

/// Sums and means over axes.
fn reduced(made: Made, reduce: &Reduce, shape: &[usize]) -> Option<Made> {
    if made.logarithm || made.of == Of::Classes {
        return Some(made);
    }
    // Of numbers in a row, which are units and no places.
    if shape.len() < 3 {
        return None;
    }
    let count: usize = reduce.axes.iter().filter_map(|&axis| shape.get(axis)).product();
    let times = if reduce.of == Reduction::Sum { count as f64 } else { 1.0 };
    let of = if reduce.of == Reduction::Sum { Of::Units } else { made.of };
    Some(Made { of, scale: made.scale * times, shift: made.shift * times, ..made })
}

fn function(f: Activation, made: Made) -> Option<Made> {
    match f {
        Activation::Log if !made.logarithm => made.anew(true),
        Activation::Exp if made.logarithm => made.anew(false),
        Activation::Relu | Activation::Relu6 => made.anew(made.logarithm),
        Activation::Sqrt if !made.logarithm => made.anew(false),
        Activation::Power { exponent } if exponent > 0.0 && !made.logarithm => made.anew(false),
        _ => None,
    }
}

/// What a constant is added to, or multiplied with; classes may each have their own that is added.
fn with_constant<B: Backend>(binary: Binary, site: &Site<'_, '_, B>, varies: usize, made: Made) -> Option<Made> {
    let constant = site.constant(1 - varies.min(1)).and_then(one_number);
    let scale = |scale: f64, shift: f64| Scale { scale, shift };
    let by = match (binary, varies, constant) {
        (Binary::Add, _, Some(c)) => scale(1.0, c),
        (Binary::Sub, 0, Some(c)) => scale(1.0, -c),
        (Binary::Sub, _, Some(c)) => scale(-1.0, c),
        (Binary::Mul, _, Some(c)) => scale(c, 0.0),
        (Binary::Div, 0, Some(c)) => scale(c.recip(), 0.0),
        (Binary::Add | Binary::Sub, _, None) if made.logarithm || made.of == Of::Classes => scale(1.0, 0.0),
        _ => return None,
    };
    Some(made.affine(by))
}
