//! Masked copies, where the model lives.

use ndarray::{ArrayD, Axis, Slice};

use super::filled::Filled;
use crate::explain::Call;
use crate::passes::repeated;
use crate::{Backend, Result, Tensor};

/// Some rows of a batch; all of them as they are.
pub(super) fn rows<B: Backend>(x: &Tensor<B>, start: usize, len: usize) -> Result<Tensor<B>> {
    if x.shape().first() == Some(&len) { Ok(x.clone()) } else { x.narrow(0, start, len) }
}

/// Masked copies of a block of samples, on their way into the model.
pub(super) struct Copies<'c, B: Backend> {
    filled: &'c Filled<B>,
    block: (usize, usize),
    masks: usize,
    inputs: Vec<Copied<B>>,
}

/// One input of the copies: as it is given, or what is present of it.
enum Copied<B: Backend> {
    Given(Tensor<B>),
    /// x·m, and 1 - m where something is added: (samples, copies, axes of a sample...). `fill` is what is, if it is
    /// made for each copy.
    Masked {
        kept: Tensor<B>,
        absent: Option<Tensor<B>>,
        fill: Option<Tensor<B>>,
    },
}

impl<'c, B: Backend> Copies<'c, B> {
    /// Of the samples of a block; the masks are those of each explained input.
    pub(super) fn new(
        call: &Call<'_, B>,
        filled: &'c Filled<B>,
        block: (usize, usize),
        degrees: &[ArrayD<B::Elem>],
    ) -> Result<Self> {
        let (start, len) = block;
        let masks = degrees.first().map_or(1, |degrees| degrees.shape()[1]);
        let (mut inputs, mut input) = (Vec::with_capacity(call.inputs.len()), 0);
        for (x, &explained) in call.inputs.iter().zip(call.explained) {
            let x = rows(x, start, len)?;
            if !explained {
                inputs.push(Copied::Given(repeated(&x, masks)?));
                continue;
            }
            let mut degrees = degrees[input].view();
            if degrees.shape()[0] != 1 {
                degrees.slice_axis_inplace(Axis(0), Slice::from(start..start + len));
            }
            let mask = Tensor::upload(degrees.view(), &x.placement())?;
            let absent = match filled {
                Filled::Zeros => None,
                _ => Some(mask.affine(-1.0, 1.0)?),
            };
            let fill = match filled {
                Filled::Imputed(imputer) => Some(imputer.fill(input, block, &degrees, &x)?),
                _ => None,
            };
            inputs.push(Copied::Masked { kept: apart(&x)?.mul(&mask)?, absent, fill });
            input += 1;
        }
        Ok(Copies { filled, block, masks, inputs })
    }

    /// Each copy runs with so many fills.
    pub(super) fn fills(&self) -> usize {
        match self.filled {
            Filled::Tensors(fills) => fills.len(),
            _ => 1,
        }
    }

    /// The model's inputs, (samples · copies, axes of a sample...).
    pub(super) fn filled_with(&self, fill: usize) -> Result<Vec<Tensor<B>>> {
        let (mut copies, mut input) = (Vec::with_capacity(self.inputs.len()), 0);
        for of in &self.inputs {
            let (kept, absent, own) = match of {
                Copied::Given(x) => {
                    copies.push(x.clone());
                    continue;
                }
                Copied::Masked { kept, absent, fill } => (kept, absent, fill),
            };
            let whole = match (absent, own, self.filled) {
                (Some(absent), Some(fill), _) => kept.add(&fill.mul(absent)?)?,
                (Some(absent), None, Filled::Tensors(fills)) => {
                    let fill = &fills[fill][input];
                    let fill =
                        if fill.shape()[0] == 1 { fill.clone() } else { rows(fill, self.block.0, self.block.1)? };
                    kept.add(&apart(&fill)?.mul(absent)?)?
                }
                _ => kept.clone(),
            };
            let sample = kept.shape().split_off(2);
            copies.push(whole.reshape(&[&[self.block.1 * self.masks], sample.as_slice()].concat())?);
            input += 1;
        }
        Ok(copies)
    }
}

/// (samples, 1, axes of a sample...)
fn apart<B: Backend>(x: &Tensor<B>) -> Result<Tensor<B>> {
    let mut shape = x.shape();
    shape.insert(1.min(shape.len()), 1);
    x.reshape(&shape)
}
