//! Networks whose photos have their channels last.

use xai::{Arithmetic, Backend, Differentiable, Graph, Op, Result, Step, Var};

/// A network that takes (samples, rows, columns, channels), as one that takes (samples, channels, rows, columns): as
/// all methods and pictures have it.
pub(super) struct ChannelsFirst<B: Backend>(pub(super) Box<dyn Differentiable<Backend = B>>);

impl<B: Backend> Differentiable for ChannelsFirst<B> {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let turned: Vec<Var<'m, B>> = inputs.iter().map(|input| input.permute(&[0, 2, 3, 1])).collect();
        self.0.trace(&turned)
    }

    fn placement(&self) -> Option<<B as Arithmetic>::Placement> {
        self.0.placement()
    }
}

/// Whether the channels of the input, of four axes, are brought from behind rows and columns to the second axis before
/// anything looks at neighbours; none where that is not what is seen first.
pub(super) fn is_turned<B: Backend>(graph: &Graph<'_, B>) -> Option<bool> {
    let nodes = graph.nodes();
    let mut at = nodes.iter().position(|node| matches!(node.step(), Step::Input))?;
    loop {
        let reads = |node: &xai::Node<'_, B>| node.inputs().iter().any(|value| value.index() == at);
        let (next, node) = nodes.iter().enumerate().skip(at + 1).find(|(_, node)| reads(node))?;
        match node.op()? {
            Op::Permute(permute) => return Some(permute.order[..] == [0, 3, 1, 2]),
            Op::Conv2d(_) | Op::ChannelAffine(_) | Op::MaxPool2d(_) | Op::AvgPool2d(_) => return Some(false),
            Op::Activation(_) | Op::Scale(_) | Op::Binary(_) => at = next,
            _ => return None,
        }
    }
}
