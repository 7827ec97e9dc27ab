//! Which operations go by way of the host, and how often.

use ndarray::{ArrayD, IxDyn};
use xai_conformance::values;
use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, Binary, ChannelAffine, Concatenate, Conv2d,
    ConvTranspose2d, Embedding, Flatten, Gather, GroupNorm, IndexSelect, LayerNorm, Linear, LogSoftmax, MatMul,
    MaxPool2d, Narrow, Pad2d, Padding, Permute, Reduce, Reduction, Reshape, RmsNorm, Scale, Softmax, Upsample2d, Where,
};
use xai_core::{Backend, Op, Tensor};

use crate::{Required, Shelf, Trips, trips};

type B = Required<f64>;

fn tensor(values: &ArrayD<f64>) -> Tensor<B> {
    Tensor::upload(values.view(), &Shelf(3)).unwrap()
}

fn numbers(shape: &[usize]) -> Tensor<B> {
    tensor(&values(shape, 1))
}

/// Operations that the required arithmetic does not make, and inputs for them.
fn by_the_host() -> Vec<(Op<B>, Vec<Tensor<B>>)> {
    let (image, row) = (|| numbers(&[2, 4, 5, 6]), || numbers(&[4]));
    let of = |op: Op<B>, x: Tensor<B>| (op, vec![x]);
    let ids = || tensor(&ArrayD::from_elem(IxDyn(&[2, 2]), 1.0));
    vec![
        of(Conv2d::new(numbers(&[3, 4, 2, 2]), numbers(&[3])).unwrap().into(), image()),
        of(ConvTranspose2d::new(numbers(&[4, 3, 2, 2]), numbers(&[3])).unwrap().into(), image()),
        of(Linear::new(numbers(&[3, 6]), numbers(&[3])).unwrap().into(), image()),
        of(ChannelAffine::new(row(), row()).unwrap().into(), image()),
        of(LayerNorm::new(numbers(&[6]), numbers(&[6]), 1e-5).unwrap().into(), image()),
        of(RmsNorm::new(numbers(&[6]), 1e-5).unwrap().into(), image()),
        of(GroupNorm::new(2, row(), row(), 1e-5).unwrap().into(), image()),
        of(MaxPool2d::new(2).into(), image()),
        of(AvgPool2d::new(2).into(), image()),
        of(AdaptiveAvgPool2d::new(2).into(), image()),
        of(AdaptiveMaxPool2d::new(2).into(), image()),
        of(Activation::Tanh.into(), image()),
        of(Softmax::new(-1).into(), image()),
        of(LogSoftmax::new(-1).into(), image()),
        of(Upsample2d::nearest([7, 9]).into(), image()),
        of(Pad2d::new(Padding::all(1)).into(), image()),
        of(Reduce { of: Reduction::Max, axes: vec![1] }.into(), image()),
        of(IndexSelect::new(1, [3, 0]).into(), image()),
        of(Embedding::new(numbers(&[7, 3])).unwrap().into(), ids()),
        (Where.into(), vec![image(), image(), image()]),
        (Gather { axis: 1 }.into(), vec![image(), ids()]),
    ]
}

/// Operations that are arithmetic, required or provided, with the trips that the provided takes.
fn by_arithmetic() -> Vec<(Op<B>, Vec<Tensor<B>>, Trips)> {
    let image = || numbers(&[2, 4, 5, 6]);
    let (none, one, two) = (Trips::default(), Trips { down: 1, up: 1 }, Trips { down: 2, up: 1 });
    vec![
        (Binary::Add.into(), vec![image(), image()], none),
        (Binary::Div.into(), vec![image(), image()], two),
        (MatMul.into(), vec![image(), numbers(&[6, 2])], two),
        (Scale { scale: 2.0, shift: 1.0 }.into(), vec![image()], none),
        (Concatenate { axis: 1 }.into(), vec![image(), image()], none),
        (Reshape { shape: vec![8, 30] }.into(), vec![image()], none),
        (Flatten::default().into(), vec![image()], none),
        (Permute { order: vec![0, 2, 3, 1] }.into(), vec![image()], one),
        (Narrow { axis: 1, start: 1, len: 2 }.into(), vec![image()], none),
        (Reduce { of: Reduction::Mean, axes: vec![1] }.into(), vec![image()], none),
    ]
}

/// Inputs and weights come down once, the output goes up; and so do a cotangent and what is pulled back.
#[test]
fn what_arithmetic_does_not_make_is_computed_there() {
    for (op, inputs) in by_the_host() {
        let (inputs, name): (Vec<_>, _) = (inputs.iter().collect(), op.name());
        let down = inputs.len() + op.weights().len();
        let (y, taken) = trips(|| B::forward(&op, &inputs).unwrap());
        assert_eq!(taken, Trips { down, up: 1 }, "{name}");
        let wanted: Vec<bool> = (0..inputs.len()).map(|input| op.is_differentiable(input)).collect();
        let ((_, pull), taken) = trips(|| B::vjp(&op, &inputs, &wanted).unwrap());
        assert_eq!(taken, Trips { down, up: 1 }, "{name}");
        let (parts, taken) = trips(|| pull.pull_all(&y).unwrap());
        let back = parts.iter().flatten().count();
        assert_eq!(back, wanted.iter().filter(|&&wanted| wanted).count(), "{name}");
        assert_eq!(taken, Trips { down: 1, up: back }, "pullback of {name}");
    }
}

#[test]
fn what_arithmetic_makes_stays_where_it_is() {
    for (op, inputs, expected) in by_arithmetic() {
        let (_, taken) = trips(|| B::forward(&op, &inputs.iter().collect::<Vec<_>>()).unwrap());
        assert_eq!(taken, expected, "{}", op.name());
    }
}
