//! A layer with several sets of weights at once.

use super::weighted::{Weighted, number};
use crate::op::Where;
use crate::{Backend, Op, Pullback, Result, Tensor};

/// The weights of one output: for what is above 0 of x, and for what is below, if anything is; and the bias.
pub(super) struct Row<B: Backend> {
    pub(super) above: Tensor<B>,
    pub(super) below: Option<Tensor<B>>,
    pub(super) bias: Option<Tensor<B>>,
}

/// z = U x⁺ + D x⁻ + b for each of several (U, D, b), and the way back.
///
/// Of a convolution of one group they are one, of more channels: each number of the input and of what comes back is
/// read once.
pub(super) struct Blocks<B: Backend> {
    pub(super) z: Vec<Tensor<B>>,
    back: Back<B>,
    /// x⁺, where weights differ with the sign of x.
    positive: Option<Tensor<B>>,
}

enum Back<B: Backend> {
    /// Through one convolution.
    Stacked(Pullback<'static, B>),
    /// Through each: for each row, of what is above 0, and of what is below.
    Apart(Vec<Vec<Pullback<'static, B>>>),
}

impl<B: Backend> Blocks<B> {
    pub(super) fn new(layer: &Weighted<B>, x: &Tensor<B>, rows: &[Row<B>]) -> Result<Self> {
        let by_sign = rows.iter().any(|row| row.below.is_some());
        let positive = if by_sign { Some(x.relu()?) } else { None };
        let parts = match &positive {
            Some(positive) => vec![positive.clone(), x.sub(positive)?],
            None => vec![x.clone()],
        };
        let (z, back) = match Stack::of(layer, x) {
            Some(stack) => stack.run(&parts, rows)?,
            None => apart(layer, &parts, rows)?,
        };
        Ok(Blocks { z, back, positive })
    }

    /// m with x · m = Σ x⁺ · Uᵀs + x⁻ · Dᵀs, for an s of each row.
    pub(super) fn pull(&self, shares: &[Tensor<B>]) -> Result<Tensor<B>> {
        let sides = match &self.back {
            Back::Stacked(pull) => {
                taken_apart(&pull.pull(&joined(shares, 1)?)?, 1 + usize::from(self.positive.is_some()))?
            }
            Back::Apart(pulls) => {
                let side = |side: usize| {
                    let parts = pulls.iter().zip(shares).filter_map(|(row, s)| Some(row.get(side)?.pull(s)));
                    sum(parts)
                };
                let below = self.positive.as_ref().map(|_| side(1)).transpose()?;
                std::iter::once(side(0)?).chain(below).collect()
            }
        };
        match (&self.positive, &sides[..]) {
            // A choice, and no sum: the other side may be infinite.
            (Some(positive), [above, below]) => B::forward(&Where.into(), &[positive, above, below]),
            (_, sides) => sum(sides.iter().map(|side| Ok(side.clone()))),
        }
    }
}

fn sum<B: Backend>(mut parts: impl Iterator<Item = Result<Tensor<B>>>) -> Result<Tensor<B>> {
    let nothing = || crate::Error::backend(B::NAME, "a layer without a way back");
    let first = parts.next().unwrap_or_else(|| Err(nothing()))?;
    parts.try_fold(first, |sum, part| sum.add(&part?))
}

type Found<B> = Result<(Vec<Tensor<B>>, Back<B>)>;

fn apart<B: Backend>(layer: &Weighted<B>, parts: &[Tensor<B>], rows: &[Row<B>]) -> Found<B> {
    let (mut outputs, mut pulls) = (Vec::new(), Vec::new());
    for row in rows {
        let sides =
            std::iter::once((&row.above, row.bias.as_ref())).chain(row.below.as_ref().map(|below| (below, None)));
        let pass = |((weight, bias), x): ((&Tensor<B>, Option<&Tensor<B>>), &Tensor<B>)| layer.at(weight, bias, x);
        let passes = sides.zip(parts).map(pass).collect::<Result<Vec<_>>>()?;
        let (z, back): (Vec<_>, Vec<_>) = passes.into_iter().unzip();
        outputs.push(sum(z.into_iter().map(Ok))?);
        pulls.push(back);
    }
    Ok((outputs, Back::Apart(pulls)))
}

/// A convolution whose inputs and outputs are several times those of the layer: maps are read once, but weights are
/// joined, which pays where they are less than maps. One of several groups is run apart: its channels would have to be
/// mixed and sorted again, which costs more than it saves.
struct Stack<'a, B: Backend> {
    layer: &'a Weighted<B>,
    /// Where outputs and inputs are among the axes of the weights.
    axes: [usize; 2],
}

impl<'a, B: Backend> Stack<'a, B> {
    fn of(layer: &'a Weighted<B>, x: &Tensor<B>) -> Option<Self> {
        let numbers = |t: &Tensor<B>| t.shape().iter().product::<usize>();
        if numbers(&layer.weight) > numbers(x) {
            return None;
        }
        match layer.op()? {
            Op::Conv2d(conv) if conv.groups == 1 => Some(Stack { layer, axes: [0, 1] }),
            Op::ConvTranspose2d(conv) if conv.groups == 1 => Some(Stack { layer, axes: [1, 0] }),
            _ => None,
        }
    }

    fn run(&self, parts: &[Tensor<B>], rows: &[Row<B>]) -> Found<B> {
        let bias = self.biases(rows)?;
        let (z, pull) = self.layer.at(&self.weights(rows)?, bias.as_ref(), &joined(parts, 1)?)?;
        Ok((taken_apart(&z, rows.len())?, Back::Stacked(pull)))
    }

    fn weights(&self, rows: &[Row<B>]) -> Result<Tensor<B>> {
        let [outputs, inputs] = self.axes;
        let row = |row: &Row<B>| {
            let sides: Vec<_> = std::iter::once(&row.above).chain(&row.below).cloned().collect();
            joined(&sides, inputs)
        };
        joined(&rows.iter().map(row).collect::<Result<Vec<_>>>()?, outputs)
    }

    fn biases(&self, rows: &[Row<B>]) -> Result<Option<Tensor<B>>> {
        if rows.iter().all(|row| row.bias.is_none()) {
            return Ok(None);
        }
        let bias = |row: &Row<B>| {
            let bias = row.bias.clone().map_or_else(|| number(0.0, &row.above), Ok)?;
            bias.broadcast_to(&[1, row.above.shape()[self.axes[0]], 1, 1])
        };
        joined(&rows.iter().map(bias).collect::<Result<Vec<_>>>()?, 1).map(Some)
    }
}

fn joined<B: Backend>(parts: &[Tensor<B>], axis: usize) -> Result<Tensor<B>> {
    match parts {
        [one] => Ok(one.clone()),
        parts => Tensor::concat(&parts.iter().collect::<Vec<_>>(), axis),
    }
}

/// So many parts of an axis of channels, of one length.
fn taken_apart<B: Backend>(t: &Tensor<B>, count: usize) -> Result<Vec<Tensor<B>>> {
    if count < 2 {
        return Ok(vec![t.clone()]);
    }
    let each = t.shape()[1] / count;
    (0..count).map(|k| t.narrow(1, k * each, each)).collect()
}
