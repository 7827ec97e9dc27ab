//! Which axis of a value holds its channels: [`Layouts`].

use xai::nn::Reduction;
use xai::{Backend, Graph, Node, Op, Step, Value};

/// What is known of the axis of the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Axis(usize),
    /// Two things say two axes.
    Unclear,
}

impl Told {
    fn and(self, other: Told) -> Told {
        match (self, other) {
            (told, Told::Nothing) | (Told::Nothing, told) => told,
            (a, b) if a == b => a,
            _ => Told::Unclear,
        }
    }

    fn or(self, other: impl FnOnce() -> Told) -> Told {
        if matches!(self, Told::Axis(_)) { self } else { other() }
    }

    fn of(axis: Option<usize>) -> Told {
        axis.map_or(Told::Nothing, Told::Axis)
    }
}

/// Where the channels of a network's values are, by what computes them: a convolution has them at the second axis, a
/// layer over the last axis, as a linear one or a layer norm, has them there unless they are known to be elsewhere, and
/// permutations and shapes carry them along. Where that says nothing, by what reads them, and then by the shapes: what
/// has the sides of the input is no channels.
pub(super) struct Layouts<'i> {
    told: Vec<Told>,
    input: &'i [usize],
}

impl<'i> Layouts<'i> {
    pub(super) fn new<B: Backend>(graph: &Graph<'_, B>, input: &'i [usize]) -> Self {
        let nodes = graph.nodes();
        let mut told = vec![Told::Nothing; nodes.len()];
        for (i, node) in nodes.iter().enumerate() {
            let here = computed(nodes, node, &told);
            if let Some(told) = told.get_mut(i) {
                *told = here;
            }
        }
        // What was computed stands: only those of which nothing is known are asked what reads them.
        let open: Vec<bool> = told.iter().map(|told| *told == Told::Nothing).collect();
        for (i, node) in nodes.iter().enumerate().rev() {
            let here = told.get(i).copied().unwrap_or(Told::Nothing);
            for (which, value) in node.inputs().iter().enumerate() {
                let index = value.index();
                if let (Some(true), Some(told)) = (open.get(index), told.get_mut(index)) {
                    *told = told.and(Told::of(read(nodes, node, which, here)));
                }
            }
        }
        Layouts { told, input }
    }

    /// Whether what is there, of this shape, has its channels last, and not behind the samples; none where that is not
    /// known.
    pub(super) fn is_last(&self, value: Value, shape: &[usize]) -> Option<bool> {
        match self.told.get(value.index()) {
            Some(Told::Axis(1)) => Some(false),
            Some(&Told::Axis(axis)) => (axis + 1 == shape.len()).then_some(true),
            _ => by_shapes(self.input, shape),
        }
    }
}

/// Whether the channels are last, where either all axes behind the second one are as those of the input, or all but
/// the last one.
fn by_shapes(input: &[usize], shape: &[usize]) -> Option<bool> {
    if input.len() != shape.len() {
        return None;
    }
    let is_pixel = |length: usize| [1, 3, 4].contains(&length);
    let whole = match *input {
        [_, rows, columns, channels] if is_pixel(channels) && !is_pixel(rows) => &[rows, columns][..],
        _ => input.get(2..)?,
    };
    let (first, last) = (like(shape.get(2..)?, whole), like(shape.get(1..shape.len() - 1)?, whole));
    (first != last).then_some(last)
}

/// Whether there are the sides of the whole, all divided by the same; of one side alone, whether it is the same.
fn like(part: &[usize], whole: &[usize]) -> bool {
    match (part, whole) {
        ([a], [b]) => a == b,
        ([a, part @ ..], [b, whole @ ..]) if part.len() == whole.len() => {
            a <= b && part.iter().zip(whole).all(|(c, d)| a.checked_mul(*d) == b.checked_mul(*c))
        }
        _ => false,
    }
}

/// By what computes a value.
fn computed<B: Backend>(nodes: &[Node<'_, B>], node: &Node<'_, B>, told: &[Told]) -> Told {
    let (Some(op), Some(output)) = (node.op(), node.shape()) else { return Told::Nothing };
    let last = Told::of(output.len().checked_sub(1));
    let carried = node.inputs().iter().enumerate().fold(Told::Nothing, |all, (which, value)| {
        let (Some(Told::Axis(axis)), Some(input)) = (told.get(value.index()), shape(nodes, *value)) else { return all };
        all.and(Told::of(forward(op, which, *axis, input, output)))
    });
    match op {
        // All channels come together there.
        Op::Conv2d(_) | Op::ConvTranspose2d(_) => Told::Axis(1),
        Op::ChannelAffine(_)
        | Op::GroupNorm(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::AdaptiveAvgPool2d(_)
        | Op::AdaptiveMaxPool2d(_) => carried.or(|| Told::Axis(1)),
        Op::Linear(_) | Op::RmsNorm(_) | Op::Embedding(_) => carried.or(|| last),
        Op::LayerNorm(norm) if norm.axes == 1 => carried.or(|| last),
        Op::MatMul(_) if is_constant(nodes, node.inputs().get(1)) => carried.or(|| last),
        // A number for each channel.
        Op::Binary(_) if carried == Told::Nothing => {
            let axes = node.inputs().iter().filter(|value| is_constant(nodes, Some(value)));
            axes.fold(Told::Nothing, |all, value| {
                all.and(Told::of(shape(nodes, *value).and_then(|shape| vector(shape, output))))
            })
        }
        _ => carried,
    }
}

/// By a node that reads a value, and what is known of the node's.
fn read<B: Backend>(nodes: &[Node<'_, B>], node: &Node<'_, B>, which: usize, told: Told) -> Option<usize> {
    let (op, output) = (node.op()?, node.shape()?);
    let input = shape(nodes, *node.inputs().get(which)?)?;
    let last = input.len().checked_sub(1)?;
    if let Op::Reduce(reduce) = op
        && reduce.of == Reduction::Mean
        && input.len() > 2
    {
        let over = |axes: std::ops::Range<usize>| {
            reduce.axes.len() == axes.len() && reduce.axes.iter().all(|axis| axes.contains(axis))
        };
        if over(1..last) {
            return Some(last);
        }
        // Of a sequence it may be a norm.
        if input.len() > 3 && over(2..input.len()) {
            return Some(1);
        }
    }
    let Told::Axis(axis) = told else { return None };
    match op {
        Op::MatMul(_) if which == 0 && axis + 1 == output.len() => {
            is_constant(nodes, node.inputs().get(1)).then_some(last)
        }
        Op::MatMul(_) => (which == 1 && axis + 1 == output.len()).then_some(last),
        Op::Permute(permute) => permute.order.get(axis).copied(),
        Op::Reshape(_) | Op::Flatten(_) => kept(axis, output, input),
        Op::Binary(_) | Op::Where(_) => {
            let axis = (axis + input.len()).checked_sub(output.len())?;
            (input.get(axis)? > &1).then_some(axis)
        }
        op => forward(op, which, axis, input, output),
    }
}

/// Where an axis of an input is in the output.
fn forward<B: Backend>(op: &Op<B>, which: usize, axis: usize, input: &[usize], output: &[usize]) -> Option<usize> {
    match op {
        Op::Permute(permute) => permute.order.iter().position(|from| *from == axis),
        Op::Reshape(_) | Op::Flatten(_) => kept(axis, input, output),
        Op::Reduce(reduce) => (!reduce.axes.contains(&axis)).then_some(axis),
        // Shapes are filled up in front.
        Op::Binary(_) | Op::Where(_) => {
            let to = (axis + output.len()).checked_sub(input.len())?;
            (input.get(axis) == output.get(to)).then_some(to)
        }
        Op::MatMul(_) => {
            let behind = input.len().checked_sub(axis)?;
            (behind == 2usize.saturating_sub(which)).then(|| output.len().checked_sub(behind)).flatten()
        }
        Op::Gather(_) | Op::Embedding(_) => None,
        _ => (input.len() == output.len()).then_some(axis),
    }
}

/// Where an axis is in another shape of the same numbers, if it is one of its axes.
fn kept(axis: usize, from: &[usize], to: &[usize]) -> Option<usize> {
    let length = from.get(axis)?;
    let before = |shape: &[usize], axis: usize| shape.iter().take(axis).product::<usize>();
    let is_it = |place: &usize| to.get(*place) == Some(length) && before(to, *place) == before(from, axis);
    // Of axes of length 1 there may be several.
    Some(axis).filter(is_it).or_else(|| (0..to.len()).find(is_it))
}

/// The axis of a scale or a shift for each channel: the last one of a vector, or the second one of what is 1 long along
/// all others. Others are counts and weights of places too.
fn vector(shape: &[usize], output: &[usize]) -> Option<usize> {
    let mut long = shape.iter().enumerate().filter(|(_, length)| **length > 1).map(|(axis, _)| axis);
    let (Some(axis), None) = (long.next(), long.next()) else { return None };
    let axis = (axis + output.len()).checked_sub(shape.len())?;
    (axis == 1 || shape.len() == 1).then_some(axis)
}

/// Whether it is a tensor of the network's own, in whatever shape.
fn is_constant<B: Backend>(nodes: &[Node<'_, B>], value: Option<&Value>) -> bool {
    let node_of = |value: &Value| nodes.get(value.index());
    let mut next = value.and_then(node_of);
    while let Some(node) = next.filter(|node| matches!(node.op(), Some(Op::Reshape(_) | Op::Permute(_)))) {
        next = node.inputs().first().and_then(node_of);
    }
    next.is_some_and(|node| matches!(node.step(), Step::Constant(_)))
}

fn shape<'n, B: Backend>(nodes: &'n [Node<'_, B>], value: Value) -> Option<&'n [usize]> {
    nodes.get(value.index())?.shape()
}

#[cfg(test)]
mod tests {
    use ndarray::ArrayD;
    use xai::nn::{LayerNorm, Linear};
    use xai::{Graph, NdArray, Tensor, Var};

    use super::{Layouts, by_shapes};

    fn ones(shape: &[usize]) -> Tensor<NdArray> {
        Tensor::upload(ArrayD::ones(shape).view(), &()).unwrap()
    }

    #[test]
    fn sides_of_the_input_are_no_channels() {
        let photo = |shape: &[usize]| by_shapes(&[1, 3, 224, 224], shape);
        assert_eq!(photo(&[1, 7, 7, 768]), Some(true));
        assert_eq!(photo(&[1, 768, 7, 7]), Some(false));
        assert_eq!([photo(&[1, 7, 7, 7]), photo(&[1, 8, 14, 7]), photo(&[1, 49, 768])], [None; 3]);
        assert_eq!(by_shapes(&[1, 64, 96, 3], &[1, 8, 12, 16]), Some(true));
        assert_eq!([by_shapes(&[1, 1, 64], &[1, 64, 8]), by_shapes(&[1, 1, 64], &[1, 32, 8])], [Some(true), None]);
    }

    /// A sequence whose steps are mixed where they are the last axis, as an MLP-Mixer does.
    #[test]
    fn a_layer_over_the_last_axis_does_not_move_channels_that_are_known() {
        let (norm, steps, channels) = (LayerNorm::plain(1, 1e-5).unwrap(), ones(&[4, 4]), ones(&[3, 3]));
        let input = vec![1, 4, 3];
        let graph = Graph::<NdArray>::trace(std::slice::from_ref(&input), |x| {
            let x = x[0].within("norm", || Ok(x[0].op(norm.clone())))?;
            let turned = x.within("turned", || Ok(x.permute(&[0, 2, 1])))?;
            let mixed = turned.within("mixed", || Ok(turned.op(Linear::new(steps.clone(), None)?)))?;
            mixed.within("head", || Ok(mixed.permute(&[0, 2, 1]).op(Linear::new(channels.clone(), None)?)))
        });
        let graph = graph.unwrap();
        let layouts = Layouts::new(&graph, &input);
        let is_last = |at: &str, shape: &[usize]| layouts.is_last(graph.place(at).unwrap(), shape);
        assert_eq!([is_last("norm", &[1, 4, 3]), is_last("head", &[1, 4, 3])], [Some(true); 2]);
        assert_eq!([is_last("turned", &[1, 3, 4]), is_last("mixed", &[1, 3, 4])], [Some(false); 2]);
    }

    #[test]
    fn what_nothing_is_known_of_is_told_by_what_reads_it_or_not_at_all() {
        let known = |read: &dyn Fn(&Var<'static, NdArray>) -> Var<'static, NdArray>| {
            let input = vec![1, 5, 6];
            let graph = Graph::<NdArray>::trace(std::slice::from_ref(&input), |x| {
                let bent = x[0].within("bent", || Ok(x[0].tanh()))?;
                Ok(read(&bent))
            });
            let graph = graph.unwrap();
            Layouts::new(&graph, &[1, 1, 30]).is_last(graph.place("bent").unwrap(), &input)
        };
        assert_eq!(known(&|x| x.mean(&[1])), Some(true));
        assert_eq!(known(&|x| x.relu().op(LayerNorm::plain(1, 1e-5).unwrap())), Some(true));
        assert_eq!(known(&|x| x.permute(&[0, 2, 1]).op(LayerNorm::plain(1, 1e-5).unwrap())), Some(false));
        assert_eq!(known(&|x| x.flatten(1, 2)), None);
        // One number for each channel says which axis they are, and one for each number does not.
        assert_eq!(known(&|x| x * x.constant(ones(&[6]))), Some(true));
        assert_eq!(known(&|x| x * x.constant(ones(&[5, 1]))), Some(false));
        assert_eq!(known(&|x| x * x.constant(ones(&[5, 6]))), None);
        let both = |x: &Var<'static, NdArray>| {
            let norm = || LayerNorm::plain(1, 1e-5).unwrap();
            x.op(norm()).flatten(1, 2) + x.permute(&[0, 2, 1]).op(norm()).flatten(1, 2)
        };
        assert_eq!(known(&both), None);
    }
}
