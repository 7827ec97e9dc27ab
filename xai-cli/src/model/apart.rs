//! Whether the samples of a batch are each for itself.

use ndarray::{ArrayD, Axis, IxDyn};
use xai::{Backend, Element, Graph, Step};

use super::opened::Model;

impl<B: Backend> Model<B> {
    /// Why it gets one sample at a time: it does not take two, as one whose other inputs are given for one sample, or
    /// they change each other, as by a mean over the batch.
    pub(crate) fn one_by_one(&self, shape: &[usize]) -> Option<&'static str> {
        let two = [&[2], shape.get(1..).unwrap_or_default()].concat();
        let one = self.network.graph(&[shape.to_vec()]).ok()?;
        let Ok(both) = self.network.graph(&[two]) else { return Some("the network takes one sample at a time") };
        // What runs row by row keeps them apart.
        let may = || may_meet(&one, &both) && !(self.row_by_row)(shape);
        let meet = *self.meet.get_or_init(|| may() && self.meet(shape));
        meet.then_some("the samples of a batch change each other in this network")
    }

    /// Whether a sample has another output beside another one.
    fn meet(&self, shape: &[usize]) -> bool {
        let two = [&[2], shape.get(1..).unwrap_or_default()].concat();
        // Numbers that are tokens too.
        let both = ArrayD::from_shape_fn(IxDyn(&two), |at| B::Elem::of(if at[0] == 0 { 1.0 } else { 0.0 }));
        let alone = both.select(Axis(0), &[0]);
        let (Ok(both), Ok(alone)) = (self.network.predict(both.view()), self.network.predict(alone.view())) else {
            return false;
        };
        let numbers = |output: &ArrayD<B::Elem>| output.iter().map(|number| number.as_f64()).collect::<Vec<f64>>();
        let alone = numbers(&alone);
        let size = alone.iter().fold(0.0f64, |size, number| size.max(number.abs()));
        // As many digits as single precision keeps through a network.
        alone.iter().zip(numbers(&both)).any(|(alone, beside)| (alone - beside).abs() > 1e-3 * size + 1e-6)
    }
}

/// Whether an operation may bring rows together, or other ones are computed of two rows than of one.
fn may_meet<B: Backend>(one: &Graph<'_, B>, both: &Graph<'_, B>) -> bool {
    let nodes = both.nodes();
    let rank = |at: usize| nodes.get(at).and_then(|node| node.shape()).map(<[usize]>::len);
    let mixes = |node: &xai::Node<'_, B>| match node.step() {
        Step::Op(op) => op.mixes_rows(node.inputs().first().and_then(|value| rank(value.index()))),
        _ => false,
    };
    let names =
        |graph: &Graph<'_, B>| graph.nodes().iter().map(|node| node.op().map(|op| op.name())).collect::<Vec<_>>();
    nodes.iter().any(mixes) || names(one) != names(both)
}
