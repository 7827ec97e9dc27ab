//! Steps that only move a layer's outputs: between a convolution of sequences or volumes, which is one of images, and
//! the norm behind it.

use crate::graph::Site;
use crate::{Backend, Op, Pullback, Result, Tensor};

/// Whether a step only moves numbers, each to a place of its own.
pub(super) fn moves<B: Backend>(step: &Site<'_, '_, B>) -> bool {
    matches!(step.op(), Some(Op::Reshape(_) | Op::Flatten(_) | Op::Permute(_)))
}

/// Which axis of the output an axis of the input is, behind a step that only moves numbers; none where it is taken
/// apart or joined to another.
pub(super) fn axis_behind<B: Backend>(step: &Site<'_, '_, B>, axis: usize) -> Option<usize> {
    let (from, to) = (step.input_shape(0)?, step.node().shape()?);
    match step.op()? {
        Op::Permute(permute) => permute.order.iter().position(|&of_input| of_input == axis),
        Op::Reshape(_) | Op::Flatten(_) => {
            let in_front = |shape: &[usize], axis| shape.iter().take(axis).product::<usize>();
            let (length, before) = (from.get(axis)?, in_front(from, axis));
            // Of several axes of one number each, the one at the same place.
            let is_it = |place: &usize| to.get(*place) == Some(length) && in_front(to, *place) == before;
            std::iter::once(axis).chain(0..to.len()).find(is_it)
        }
        _ => None,
    }
}

/// What moves the outputs of a layer in a run of steps.
pub(super) struct Moved<B: Backend>(
    /// Each step, and the shape of what it is given.
    Vec<(Op<B>, Vec<usize>)>,
);

impl<B: Backend> Moved<B> {
    /// What moves them in a run of so many steps, the layer among them.
    pub(super) fn of(layer: &Site<'_, '_, B>, run: usize) -> Self {
        let steps = std::iter::successors(layer.next(), Site::next).take(run.saturating_sub(1));
        Moved(
            steps.filter(moves).filter_map(|step| Some((step.op()?.clone(), step.input_shape(0)?.to_vec()))).collect(),
        )
    }

    /// From where the run leaves them to where the layer has them.
    pub(super) fn back(&self, y: &Tensor<B>) -> Result<Tensor<B>> {
        let back = |y: Tensor<B>, (step, shape): &(Op<B>, Vec<usize>)| match step {
            Op::Permute(permute) => {
                let mut order: Vec<usize> = (0..permute.order.len()).collect();
                order.sort_by_key(|&axis| permute.order.get(axis));
                y.permute(&order)
            }
            _ => y.reshape(shape),
        };
        self.0.iter().rev().try_fold(y.clone(), back)
    }

    /// The output of a layer, and the way back from it, where the run leaves it.
    pub(super) fn on<'m>(self, y: Tensor<B>, pull: Pullback<'m, B>) -> Result<(Tensor<B>, Pullback<'m, B>)>
    where
        B: 'm,
    {
        if self.0.is_empty() {
            return Ok((y, pull));
        }
        let y = self.0.iter().try_fold(y, |y, (step, _)| B::forward(step, &[&y]))?;
        Ok((y, Pullback::new(move |v: &Tensor<B>| pull.pull(&self.back(v)?))))
    }
}
