//! A layer with several sets of weights at once.

use super::weighted::{Weighted, number};
use crate::op::{ConvTranspose2d, Where};
use crate::{Backend, Op, Pullback, Result, Tensor};

/// The weights of one output: for what is above 0 of x, and for what is below, if anything is; and the bias.
pub(super) struct Row<B: Backend> {
    pub(super) above: Tensor<B>,
    pub(super) below: Option<Tensor<B>>,
    pub(super) bias: Option<Tensor<B>>,
}

/// z = U x⁺ + D x⁻ + b for each of several (U, D, b), and the way back.
///
/// Of a convolution they are one, of more channels: each number of the input and of what comes back is read once.
pub(super) struct Blocks<B: Backend> {
    pub(super) z: Vec<Tensor<B>>,
    back: Back<B>,
    /// x⁺, where weights differ with the sign of x.
    positive: Option<Tensor<B>>,
}

enum Back<B: Backend> {
    /// Through a convolution of so many groups, of all.
    Stacked(Pullback<'static, B>, usize),
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
        let (z, back) = match Stack::of(layer) {
            Some(stack) => stack.run(&parts, rows)?,
            None => apart(layer, &parts, rows)?,
        };
        Ok(Blocks { z, back, positive })
    }

    /// m with x · m = Σ x⁺ · Uᵀs + x⁻ · Dᵀs, for an s of each row.
    pub(super) fn pull(&self, shares: &[Tensor<B>]) -> Result<Tensor<B>> {
        let sides = match &self.back {
            Back::Stacked(pull, groups) => {
                let m = pull.pull(&joined(shares, *groups)?)?;
                taken_apart(&m, 1 + usize::from(self.positive.is_some()), *groups)?
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
        let weights = std::iter::once(&row.above).chain(&row.below);
        let passes = weights.zip(parts).map(|(weight, x)| layer.at(weight, x)).collect::<Result<Vec<_>>>()?;
        let (z, back): (Vec<_>, Vec<_>) = passes.into_iter().unzip();
        let bias = row.bias.iter().cloned();
        outputs.push(sum(z.into_iter().chain(bias).map(Ok))?);
        pulls.push(back);
    }
    Ok((outputs, Back::Apart(pulls)))
}

/// A convolution whose inputs and outputs are several times those of the layer, group by group.
struct Stack<'a, B: Backend> {
    op: &'a Op<B>,
    groups: usize,
    /// Where outputs and inputs of a group are among the axes of (groups, ..) weights.
    axes: [usize; 2],
}

impl<'a, B: Backend> Stack<'a, B> {
    fn of(layer: &'a Weighted<B>) -> Option<Self> {
        match layer.op()? {
            op @ Op::Conv2d(conv) => Some(Stack { op, groups: conv.groups, axes: [1, 2] }),
            op @ Op::ConvTranspose2d(conv) => Some(Stack { op, groups: conv.groups, axes: [2, 1] }),
            _ => None,
        }
    }

    fn run(&self, parts: &[Tensor<B>], rows: &[Row<B>]) -> Found<B> {
        let weight = self.weights(rows)?.into();
        let bias = self.biases(rows)?.map(Into::into);
        let op = match self.op {
            Op::ConvTranspose2d(op) => Op::ConvTranspose2d(ConvTranspose2d { weight, bias, ..op.clone() }),
            Op::Conv2d(op) => Op::Conv2d(crate::op::Conv2d { weight, bias, ..op.clone() }),
            op => op.clone(),
        };
        let (z, pull) = B::vjp(&op, &[&joined(parts, self.groups)?], &[true])?;
        Ok((taken_apart(&z, rows.len(), self.groups)?, Back::Stacked(pull, self.groups)))
    }

    /// (groups, outputs, inputs, ..), or (groups, inputs, outputs, ..) of a transposed convolution, as the operation
    /// has them.
    fn weights(&self, rows: &[Row<B>]) -> Result<Tensor<B>> {
        let [outputs, inputs] = self.axes;
        let by_group = |w: &Tensor<B>| {
            let shape = w.shape();
            w.reshape(&[&[self.groups, shape[0] / self.groups.max(1)], &shape[1..]].concat())
        };
        let row = |row: &Row<B>| {
            let sides = std::iter::once(&row.above).chain(&row.below).map(by_group).collect::<Result<Vec<_>>>()?;
            one_behind_another(&sides, inputs)
        };
        let all = one_behind_another(&rows.iter().map(row).collect::<Result<Vec<_>>>()?, outputs)?;
        let shape = all.shape();
        all.reshape(&[&[shape[0] * shape[1]], &shape[2..]].concat())
    }

    fn biases(&self, rows: &[Row<B>]) -> Result<Option<Tensor<B>>> {
        if rows.iter().all(|row| row.bias.is_none()) {
            return Ok(None);
        }
        let weight = rows[0].above.shape();
        let outputs = if self.axes[0] == 1 { weight[0] } else { weight[1] * self.groups };
        let bias = |row: &Row<B>| {
            let bias = row.bias.clone().map_or_else(|| number(0.0, &row.above), Ok)?;
            bias.broadcast_to(&[1, outputs, 1, 1])?.reshape(&[self.groups, outputs / self.groups.max(1)])
        };
        let all = one_behind_another(&rows.iter().map(bias).collect::<Result<Vec<_>>>()?, 1)?;
        all.reshape(&[outputs * rows.len()]).map(Some)
    }
}

fn one_behind_another<B: Backend>(parts: &[Tensor<B>], axis: usize) -> Result<Tensor<B>> {
    match parts {
        [one] => Ok(one.clone()),
        parts => Tensor::concat(&parts.iter().collect::<Vec<_>>(), axis),
    }
}

/// Images of (batch, channels, ..) as one whose groups hold a part of each.
fn joined<B: Backend>(parts: &[Tensor<B>], groups: usize) -> Result<Tensor<B>> {
    let [_, _, ..] = parts else { return one_behind_another(parts, 1) };
    if groups == 1 {
        return one_behind_another(parts, 1);
    }
    let by_group = |t: &Tensor<B>| {
        let shape = t.shape();
        t.reshape(&[&[shape[0], groups, shape[1] / groups], &shape[2..]].concat())
    };
    let all = one_behind_another(&parts.iter().map(by_group).collect::<Result<Vec<_>>>()?, 2)?;
    let shape = all.shape();
    all.reshape(&[&[shape[0], shape[1] * shape[2]], &shape[3..]].concat())
}

/// So many images out of one: the way back from [`joined`].
fn taken_apart<B: Backend>(t: &Tensor<B>, count: usize, groups: usize) -> Result<Vec<Tensor<B>>> {
    if count < 2 {
        return Ok(vec![t.clone()]);
    }
    let shape = t.shape();
    let each = shape[1] / count;
    if groups == 1 {
        return (0..count).map(|k| t.narrow(1, k * each, each)).collect();
    }
    let all = t.reshape(&[&[shape[0], groups, shape[1] / groups], &shape[2..]].concat())?;
    let in_group = each / groups;
    let one = |k| all.narrow(2, k * in_group, in_group)?.reshape(&[&[shape[0], each], &shape[2..]].concat());
    (0..count).map(one).collect()
}
