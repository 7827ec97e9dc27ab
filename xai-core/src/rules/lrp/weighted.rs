//! A layer with weights, and in them what scales and shifts its outputs: norms and constants behind it.

use super::merging::added;
use super::moved::moves;
use crate::graph::Site;
use crate::op::{ConvTranspose2d, MatMul};
use crate::{Backend, Element, Error, Op, Pullback, Result, Tensor, Weight};

/// z = W x + b, with what scales and shifts z taken into W and b.
pub(super) struct Weighted<B: Backend> {
    form: Form<B>,
    pub(super) weight: Tensor<B>,
    /// Broadcast to the output.
    pub(super) bias: Option<Tensor<B>>,
}

/// What W does with x.
#[derive(Clone)]
enum Form<B: Backend> {
    /// An operation that holds W, without its bias.
    Op(Op<B>),
    /// x · W
    Right,
    /// W · x
    Left,
}

impl<B: Backend> Weighted<B> {
    /// The layer at a site, with the operations behind it that are merged into it; and its x among the site's inputs.
    pub(super) fn of(site: &Site<'_, '_, B>, run: usize, inputs: &[Tensor<B>]) -> Result<(Self, Tensor<B>)> {
        let unseen = || Error::backend(B::NAME, "relevance has no rule for this operation");
        let op = site.op().ok_or_else(unseen)?;
        let (x, mut layer) = match (op, inputs) {
            (Op::Conv2d(conv), [x]) => {
                let bias = conv.bias.as_ref().map(|bias| along_channels(&bias.tensor())).transpose()?;
                let form = Form::Op(Op::Conv2d(crate::op::Conv2d { bias: None, ..conv.clone() }));
                (x, Weighted { form, weight: conv.weight.tensor(), bias })
            }
            (Op::ConvTranspose2d(conv), [x]) => {
                let bias = conv.bias.as_ref().map(|bias| along_channels(&bias.tensor())).transpose()?;
                let form = Form::Op(Op::ConvTranspose2d(ConvTranspose2d { bias: None, ..conv.clone() }));
                (x, Weighted { form, weight: conv.weight.tensor(), bias })
            }
            (Op::Linear(linear), [x]) => {
                let form = Form::Op(Op::Linear(crate::op::Linear { bias: None, ..linear.clone() }));
                let bias = linear.bias.as_ref().map(Weight::tensor);
                (x, Weighted { form, weight: linear.weight.tensor(), bias })
            }
            (Op::MatMul(_), [a, b]) => match site.wanted() {
                [true, _] => (a, Weighted { form: Form::Right, weight: b.clone(), bias: None }),
                _ => (b, Weighted { form: Form::Left, weight: a.clone(), bias: None }),
            },
            _ => return Err(unseen()),
        };
        for step in std::iter::successors(site.next(), Site::next).take(run - 1).filter(|step| !moves(step)) {
            match added(&step) {
                Some((place, taken_away)) => {
                    layer.add(&step.constant(place).ok_or_else(unseen)?.tensor(), taken_away)?;
                }
                None => layer.merge(step.op().ok_or_else(unseen)?)?,
            }
        }
        Ok((layer, x.clone()))
    }

    fn add(&mut self, constant: &Tensor<B>, taken_away: bool) -> Result<()> {
        let mut constant = if taken_away { constant.scale(-1.0)? } else { constant.clone() };
        // Outputs may have been along another axis where it was added.
        if let Form::Op(_) = self.form {
            constant = self.along_outputs(&constant.reshape(&[constant.shape().iter().product()])?)?;
        }
        self.bias = Some(plus(&constant, self.bias.as_ref())?);
        Ok(())
    }

    /// (C) as it is broadcast to the layer's outputs: along the channels of maps, or the last axis.
    fn along_outputs(&self, t: &Tensor<B>) -> Result<Tensor<B>> {
        match self.form {
            Form::Op(Op::Linear(_)) => Ok(t.clone()),
            _ => along_channels(t),
        }
    }

    fn merge(&mut self, op: &Op<B>) -> Result<()> {
        match op {
            Op::ChannelAffine(affine) => {
                let (scale, shift) = (affine.scale.tensor(), affine.shift.tensor());
                self.weight = self.scaled_outputs(&scale)?;
                let (scale, shift) = (self.along_outputs(&scale)?, self.along_outputs(&shift)?);
                self.bias = Some(match &self.bias {
                    Some(bias) => bias.mul(&scale)?.add(&shift)?,
                    None => shift,
                });
            }
            Op::Scale(by) => {
                self.weight = self.weight.scale(by.scale)?;
                self.bias = match &self.bias {
                    Some(bias) => Some(bias.affine(by.scale, by.shift)?),
                    None if by.shift == 0.0 => None,
                    None => Some(number(by.shift, &self.weight)?),
                };
            }
            _ => return Err(Error::backend(B::NAME, format!("{} is not merged into weights", op.name()))),
        }
        Ok(())
    }

    /// W with each output's weights times that output's scale.
    fn scaled_outputs(&self, scale: &Tensor<B>) -> Result<Tensor<B>> {
        let shape = self.weight.shape();
        match &self.form {
            Form::Op(Op::ConvTranspose2d(conv)) => {
                let (groups, outputs) = (conv.groups, shape[1]);
                let apart = [&[groups, shape[0] / groups.max(1)], &shape[1..]].concat();
                let scale = scale.reshape(&[groups, 1, outputs, 1, 1])?;
                self.weight.reshape(&apart)?.mul(&scale)?.reshape(&shape)
            }
            _ => {
                let mut of_outputs = vec![1; shape.len()];
                of_outputs[0] = shape[0];
                self.weight.mul(&scale.reshape(&of_outputs)?)
            }
        }
    }

    /// The operation that holds W, if one does.
    pub(super) fn op(&self) -> Option<&Op<B>> {
        match &self.form {
            Form::Op(op) => Some(op),
            Form::Right | Form::Left => None,
        }
    }

    /// W x + b for other weights and another bias, and the pullback to x.
    pub(super) fn at(
        &self,
        weight: &Tensor<B>,
        bias: Option<&Tensor<B>>,
        x: &Tensor<B>,
    ) -> Result<(Tensor<B>, Pullback<'static, B>)> {
        let held = || weight.clone().into();
        let of_channels = |outputs: usize| -> Result<Option<Weight<B>>> {
            let flat = |bias: &Tensor<B>| bias.broadcast_to(&[1, outputs, 1, 1])?.reshape(&[outputs]);
            Ok(bias.map(flat).transpose()?.map(Into::into))
        };
        let shape = weight.shape();
        let (z, pull) = match &self.form {
            Form::Op(Op::Conv2d(op)) => {
                let bias = of_channels(shape[0])?;
                return B::vjp(&crate::op::Conv2d { weight: held(), bias, ..op.clone() }.into(), &[x], &[true]);
            }
            Form::Op(Op::ConvTranspose2d(op)) => {
                let bias = of_channels(shape[1] * op.groups)?;
                return B::vjp(&ConvTranspose2d { weight: held(), bias, ..op.clone() }.into(), &[x], &[true]);
            }
            Form::Op(Op::Linear(op)) => {
                B::vjp(&crate::op::Linear { weight: held(), ..op.clone() }.into(), &[x], &[true])?
            }
            Form::Op(op) => return Err(Error::backend(B::NAME, format!("{} holds no weights", op.name()))),
            Form::Right => part(B::vjp(&MatMul.into(), &[x, weight], &[true, false])?, 0),
            Form::Left => part(B::vjp(&MatMul.into(), &[weight, x], &[false, true])?, 1),
        };
        Ok((plus(&z, bias)?, pull))
    }

    /// W x with the layer's bias.
    pub(super) fn with_bias(&self, z: &Tensor<B>) -> Result<Tensor<B>> {
        plus(z, self.bias.as_ref())
    }
}

/// z with a bias, if there is one.
fn plus<B: Backend>(z: &Tensor<B>, bias: Option<&Tensor<B>>) -> Result<Tensor<B>> {
    bias.map_or_else(|| Ok(z.clone()), |bias| z.add(bias))
}

/// The pullback to one of several inputs.
fn part<B: Backend>((y, pull): (Tensor<B>, Pullback<'static, B>), input: usize) -> (Tensor<B>, Pullback<'static, B>) {
    let nothing = || Error::backend(B::NAME, "nothing comes back to the operand");
    let of_one = move |v: &Tensor<B>| pull.pull_all(v)?.into_iter().nth(input).flatten().ok_or_else(nothing);
    (y, Pullback::new(of_one))
}

/// (C) as (1, C, 1, 1).
fn along_channels<B: Backend>(t: &Tensor<B>) -> Result<Tensor<B>> {
    t.reshape(&[1, t.shape().first().copied().unwrap_or(1), 1, 1])
}

/// One number, where another tensor is.
pub(super) fn number<B: Backend>(value: f64, like: &Tensor<B>) -> Result<Tensor<B>> {
    Tensor::upload(ndarray::arr1(&[B::Elem::of(value)]).view().into_dyn(), &like.placement())
}
