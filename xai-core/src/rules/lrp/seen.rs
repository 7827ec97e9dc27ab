//! What a first layer sees of the inputs: a border around them is none of it.

use super::weighted::number;
use crate::graph::Site;
use crate::op::Pad2d;
use crate::{Backend, Error, Op, Result, Tensor};

/// For each number that one of a step's inputs is: 1 where it is of an input of the model, and 0 where the network puts
/// it there by itself, as a border. Nothing, where all of them are of inputs.
///
/// Between the two stands what relevance itself goes back through, and no other step.
pub(super) fn seen<B: Backend>(site: &Site<'_, '_, B>, input: usize, like: &Tensor<B>) -> Result<Option<Tensor<B>>> {
    let shape_of = |site: &Site<'_, '_, B>, input| site.input_shape(input).unwrap_or_default().to_vec();
    if site.has_rows().get(input) == Some(&false) {
        return B::one_hot(&shape_of(site, input), &[], &like.placement()).map(|zeros| Some(Tensor::new(zeros)));
    }
    let (true, Some(before)) = (site.wanted().get(input) == Some(&true), site.before(input)) else { return Ok(None) };
    let Some(op) = before.op() else { return Ok(None) };
    let ones = |input| number(1.0, like)?.broadcast_to(&shape_of(&before, input));
    match op {
        Op::Pad2d(pad) => {
            let inside = seen(&before, 0, like)?.map_or_else(|| ones(0), Ok)?;
            B::forward(&Op::Pad2d(Pad2d { value: 0.0, ..*pad }), &[&inside]).map(Some)
        }
        Op::Reshape(_) | Op::Flatten(_) | Op::Permute(_) | Op::Narrow(_) | Op::IndexSelect(_) => {
            seen(&before, 0, like)?.map(|inside| B::forward(op, &[&inside])).transpose()
        }
        Op::Gather(_) => match (seen(&before, 0, like)?, before.constant(1)) {
            (None, _) => Ok(None),
            (Some(inside), Some(places)) => B::forward(op, &[&inside, &places.tensor()]).map(Some),
            (Some(_), None) => Err(Error::NoRule {
                rules: "the first layer".into(),
                what: op.name().into(),
                reason: "it takes entries of a padded input by another input's numbers, and which of them are the \
                         border's is not known: say another rule of that layer"
                    .into(),
            }),
        },
        Op::Concatenate(_) => {
            let parts: Vec<_> =
                (0..before.node().inputs().len()).map(|part| seen(&before, part, like)).collect::<Result<_>>()?;
            if parts.iter().all(Option::is_none) {
                return Ok(None);
            }
            let parts = parts.into_iter().enumerate().map(|(part, inside)| inside.map_or_else(|| ones(part), Ok));
            let parts = parts.collect::<Result<Vec<_>>>()?;
            B::forward(op, &parts.iter().collect::<Vec<_>>()).map(Some)
        }
        // What scales and shifts numbers where they are.
        _ => match before.wanted().iter().position(|&wanted| wanted) {
            Some(input) => seen(&before, input, like),
            None => Ok(None),
        },
    }
}
