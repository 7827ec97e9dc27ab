//! Every operation of the layer vocabulary against central differences.

use ndarray::{ArrayD, Dimension, IxDyn};
use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, Binary, ChannelAffine, Concatenate, Conv2d,
    ConvTranspose2d, Flatten, GroupNorm, IndexSelect, LayerNorm, Linear, LogSoftmax, MatMul, MaxPool2d, Narrow, Pad2d,
    Padding, Permute, Reduce, Reduction, Reshape, RmsNorm, Scale, Softmax, Upsample2d, UpsampleMode, Where,
};
use xai_core::{Backend, Differentiable, Op, Opaque, Result, Tensor, Var, Weight};

use crate::differences::{Torch64, check, numbers, upload};

/// An operation of several inputs, as a function of one of them: by its own pullback, or on a tape.
struct OpModel {
    op: Op<Torch64>,
    /// What stands in the place that is asked for is not looked at.
    inputs: Vec<ArrayD<f64>>,
    place: usize,
    taped: bool,
}

impl OpModel {
    fn given(&self, x: &Tensor<Torch64>) -> Vec<Tensor<Torch64>> {
        let mut inputs: Vec<_> = self.inputs.iter().map(upload).collect();
        inputs[self.place] = x.clone();
        inputs
    }
}

impl Differentiable for OpModel {
    type Backend = Torch64;
    fn trace<'m>(&'m self, x: &[Var<'m, Torch64>]) -> Result<Var<'m, Torch64>> {
        if self.taped {
            let mut inputs: Vec<Var<'m, Torch64>> = self.inputs.iter().map(|a| x[0].constant(upload(a))).collect();
            inputs[self.place] = x[0].clone();
            return Ok(inputs[0].op_with(self.op.clone(), &inputs[1..].iter().collect::<Vec<_>>()));
        }
        let forward = |x: &[Tensor<Torch64>]| {
            let inputs = self.given(&x[0]);
            Torch64::forward(&self.op, &inputs.iter().collect::<Vec<_>>())
        };
        let vjp = |x: &[Tensor<Torch64>]| {
            let inputs = self.given(&x[0]);
            let wanted: Vec<bool> = (0..inputs.len()).map(|i| i == self.place).collect();
            let (y, pullback) = Torch64::vjp(&self.op, &inputs.iter().collect::<Vec<_>>(), &wanted)?;
            let place = self.place;
            let only = move |v: &Tensor<Torch64>| {
                let mut parts = pullback.pull_all(v)?;
                let others = parts.iter().enumerate().filter(|(i, _)| *i != place);
                assert!(others.into_iter().all(|(_, part)| part.is_none()), "a part that nobody asked for");
                Ok(vec![parts.swap_remove(place)])
            };
            Ok((y, xai_core::Pullback::of_all(only)))
        };
        Ok(x[0].opaque(Opaque::with_vjp(forward, vjp)))
    }
}

/// Checks both ways back to each input.
fn check_all(name: &str, op: impl Into<Op<Torch64>>, inputs: &[ArrayD<f64>]) {
    check_places(name, &op.into(), inputs, 0..inputs.len());
}

/// Checks both ways back to some of the inputs.
fn check_places(name: &str, op: &Op<Torch64>, inputs: &[ArrayD<f64>], places: std::ops::Range<usize>) {
    let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape()).collect();
    // Some paddings are refused by a network, but computed by the backend.
    let fits = op.output_shape(&shapes).is_ok();
    for place in places {
        for taped in [false, true].into_iter().filter(|&taped| fits || !taped) {
            let model = OpModel { op: op.clone(), inputs: inputs.to_vec(), place, taped };
            check(&format!("{name}, input {place}, taped: {taped}"), &model, &inputs[place]);
        }
    }
}

fn check_op(name: &str, op: impl Into<Op<Torch64>>, x: &ArrayD<f64>) {
    check_all(name, op, std::slice::from_ref(x));
}

pub(crate) fn value(op: impl Into<Op<Torch64>>, x: &ArrayD<f64>) -> ArrayD<f64> {
    Torch64::forward(&op.into(), &[&upload(x)]).unwrap().download().unwrap()
}

fn weight(shape: &[usize], seed: u64) -> Weight<Torch64> {
    upload(&numbers(shape, seed)).into()
}

pub(crate) const fn all_sides(n: usize) -> Padding {
    Padding { top: n, bottom: n, left: n, right: n }
}

pub(crate) const UNEVEN: Padding = Padding { top: 0, bottom: 2, left: 1, right: 0 };

pub(crate) const ACTIVATIONS: [Activation; 21] = [
    Activation::Relu,
    Activation::Relu6,
    Activation::LeakyRelu { slope: 0.2 },
    Activation::LeakyRelu { slope: -0.5 },
    Activation::Elu { alpha: 1.0 },
    Activation::Elu { alpha: 0.7 },
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Silu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::HardSwish,
    Activation::HardSigmoid,
    Activation::Softplus,
    Activation::Mish,
    Activation::Exp,
    Activation::Abs,
    Activation::Power { exponent: 3.0 },
    Activation::Erf,
    Activation::Sin,
    Activation::Cos,
];

/// Those that are not defined everywhere, or have no gradient to compare with differences.
pub(crate) const OF_POSITIVE: [Activation; 5] = [
    Activation::Log,
    Activation::Sqrt,
    Activation::Reciprocal,
    Activation::Power { exponent: 1.7 },
    Activation::Power { exponent: -0.5 },
];

#[test]
fn activations() {
    for activation in ACTIVATIONS {
        // Wide enough to reach every branch, the one of relu6 at 6 too.
        let x = numbers(&[2, 3, 4], 1) * 8.0;
        check_op(&format!("{activation:?}"), activation, &x);
    }
    for activation in OF_POSITIVE {
        check_op(&format!("{activation:?}"), activation, &numbers(&[2, 3, 4], 1).mapv(|x| 2.5 + 2.0 * x));
    }
    for axis in [1, -1] {
        check_op("Softmax", Softmax { axis }, &numbers(&[2, 5, 3], 2));
        check_op("LogSoftmax", LogSoftmax { axis }, &numbers(&[2, 5, 3], 3));
    }
}

#[test]
fn convolution() {
    for (groups, channels, outs) in [(1, 3, 4), (2, 4, 6), (4, 4, 4), (2, 2, 4)] {
        for (stride, dilation) in [([1, 1], [1, 1]), ([2, 1], [1, 2])] {
            for padding in [all_sides(0), all_sides(1), UNEVEN] {
                let op = Conv2d {
                    weight: weight(&[outs, channels / groups, 3, 2], 4),
                    bias: (groups == 1).then(|| weight(&[outs], 5)),
                    stride,
                    padding: padding.into(),
                    dilation,
                    groups,
                };
                check_op(&format!("{op:?}"), op, &numbers(&[2, channels, 6, 5], 6));
            }
        }
    }
}

#[test]
fn transposed_convolution() {
    for (groups, channels, outs) in [(1, 3, 4), (2, 4, 6), (3, 3, 3)] {
        for (stride, dilation, output_padding) in
            [([1, 1], [1, 1], [0, 0]), ([2, 1], [1, 2], [1, 0]), ([2, 3], [1, 1], [0, 2]), ([1, 2], [3, 3], [2, 2])]
        {
            for padding in [all_sides(0), all_sides(1), UNEVEN] {
                let op = ConvTranspose2d {
                    weight: weight(&[channels, outs / groups, 3, 2], 4),
                    bias: (groups == 1).then(|| weight(&[outs], 5)),
                    stride,
                    padding,
                    output_padding,
                    dilation,
                    groups,
                };
                check_op(&format!("{op:?}"), op, &numbers(&[2, channels, 4, 3], 6));
            }
        }
    }
}

#[test]
fn linear_and_affine() {
    let op = Linear { weight: weight(&[4, 3], 7), bias: Some(weight(&[4], 8)) };
    check_op("Linear", op.clone(), &numbers(&[2, 3], 9));
    check_op("Linear over the last axis", op.clone(), &numbers(&[2, 5, 3], 9));
    let op = Linear { bias: None, ..op };
    check_op("Linear without bias", op, &numbers(&[2, 3], 9));

    let op = ChannelAffine { scale: weight(&[3], 10), shift: weight(&[3], 11) };
    for shape in [&[2, 3][..], &[2, 3, 4], &[2, 3, 4, 5]] {
        check_op("ChannelAffine", op.clone(), &numbers(shape, 12));
    }
}

#[test]
fn norms() {
    let weight = |shape: &[usize]| Some(weight(shape, 13));
    let plain = LayerNorm { axes: 1, weight: None, bias: None, eps: 1e-3 };
    check_op("LayerNorm", plain, &numbers(&[2, 3, 4], 14));
    let two = LayerNorm { axes: 2, weight: weight(&[3, 4]), bias: weight(&[3, 4]), eps: 1e-3 };
    check_op("LayerNorm over two axes", two, &numbers(&[2, 3, 4], 14));
    for weight in [None, weight(&[4])] {
        check_op("RmsNorm", RmsNorm { weight, eps: 1e-3 }, &numbers(&[2, 3, 4], 15));
    }
    for (groups, weight, bias) in [(1, None, None), (2, weight(&[4]), weight(&[4])), (4, weight(&[4]), None)] {
        let op = GroupNorm { groups, weight, bias, eps: 1e-3 };
        check_op("GroupNorm", op, &numbers(&[2, 4, 3, 2], 16));
    }
}

#[test]
fn pools() {
    let x = numbers(&[2, 2, 7, 6], 17);
    for padding in [all_sides(0), all_sides(1), UNEVEN] {
        for (kernel, stride) in [([3, 2], [2, 1]), ([2, 3], [2, 2])] {
            let max = MaxPool2d { kernel, stride, padding };
            check_op(&format!("{max:?}"), max, &x);
            for count_include_pad in [true, false] {
                let avg = AvgPool2d { kernel, stride, padding, count_include_pad };
                check_op(&format!("{avg:?}"), avg, &x);
            }
        }
    }
    for size in [[1, 1], [3, 4], [7, 6], [9, 2]] {
        check_op("AdaptiveAvgPool2d", AdaptiveAvgPool2d { size }, &x);
        check_op("AdaptiveMaxPool2d", AdaptiveMaxPool2d { size }, &x);
    }
}

#[test]
fn resizing() {
    let x = numbers(&[2, 2, 3, 4], 18);
    let modes = [
        UpsampleMode::Nearest,
        UpsampleMode::NearestExact,
        UpsampleMode::Bilinear { align_corners: false },
        UpsampleMode::Bilinear { align_corners: true },
        UpsampleMode::Bicubic { align_corners: false },
        UpsampleMode::Bicubic { align_corners: true },
    ];
    for mode in modes {
        for size in [[6, 8], [5, 9], [2, 3], [3, 4], [123, 4]] {
            let op = Upsample2d { size, mode };
            check_op(&format!("{op:?}"), op, &x);
        }
    }
    for value in [0.0, 2.5] {
        check_op("Pad2d", Pad2d { padding: UNEVEN, value }, &x);
    }
}

#[test]
fn two_inputs() {
    let pairs: [[&[usize]; 2]; 5] =
        [[&[2, 3, 4], &[2, 3, 4]], [&[2, 3, 4], &[4]], [&[2, 1, 4], &[3, 1]], [&[], &[2, 3]], [&[1, 1], &[2, 3]]];
    for [a, b] in pairs {
        for op in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div] {
            // Away from 0, for the quotient.
            let b = numbers(b, 101).mapv(|x| 2.5 + x);
            check_all(&format!("{op:?} of {a:?}"), op, &[numbers(a, 100), b]);
        }
    }
    for [a, b] in
        [[&[3, 4][..], &[4, 2][..]], [&[2, 3, 4], &[2, 4, 5]], [&[2, 3, 4], &[4, 5]], [&[1, 3, 4], &[5, 2, 4, 1]]]
    {
        check_all(&format!("MatMul of {a:?} and {b:?}"), MatMul, &[numbers(a, 102), numbers(b, 103)]);
    }
    let parts = [numbers(&[2, 3, 2], 104), numbers(&[2, 1, 2], 105), numbers(&[2, 2, 2], 106)];
    check_all("Concatenate", Concatenate { axis: 1 }, &parts);
}

#[test]
fn numbers_that_move() {
    let x = numbers(&[2, 3, 4], 107);
    check_op("Scale", Scale { scale: -2.5, shift: 0.5 }, &x);
    check_op("Reshape", Reshape { shape: vec![2, 2, 6] }, &x);
    check_op("Flatten", Flatten::default(), &x);
    check_op("Flatten of two", Flatten::new(0, 1), &x);
    check_op("Permute", Permute { order: vec![0, 2, 1] }, &x);
    check_op("Permute of all", Permute { order: vec![2, 0, 1] }, &x);
    check_op("Narrow", Narrow { axis: 1, start: 1, len: 2 }, &x);
    check_op("IndexSelect", IndexSelect::new(1, [2, 0, 2, 2]), &x);
    check_op("IndexSelect of rows", IndexSelect::new(0, [1, 1]), &x);
}

#[test]
fn choices() {
    for [condition, a, b] in [[&[2, 3, 4][..], &[2, 3, 4], &[2, 3, 4]], [&[3, 1], &[2, 1, 4], &[1]]] {
        // Not by differences, which would jump.
        let every_other = |i: IxDyn| if i.slice().iter().sum::<usize>() % 2 == 0 { 1.5 } else { 0.0 };
        let condition = ArrayD::from_shape_fn(condition, every_other);
        let inputs = [condition.clone(), numbers(a, 111), numbers(b, 112)];
        check_places("Where", &Where.into(), &inputs, 1..3);
        let inputs = inputs.each_ref().map(upload);
        let (_, pullback) = Torch64::vjp(&Where.into(), &inputs.each_ref(), &[true; 3]).unwrap();
        let parts = pullback.pull_all(&upload(&numbers(&[2, 3, 4], 113))).unwrap();
        assert_eq!(parts[0].as_ref().unwrap().download().unwrap(), condition.mapv(|_| 0.0));
    }
}

#[test]
fn nothing_leaks_from_what_is_not_chosen() {
    let row = |numbers: [f64; 3]| upload(&ndarray::arr2(&[numbers]).into_dyn());
    let (condition, a, b) =
        (row([1.0, 0.0, f64::NAN]), row([1.0, f64::INFINITY, 3.0]), row([f64::NAN, 2.0, f64::NEG_INFINITY]));
    let (y, pullback) = Torch64::vjp(&Where.into(), &[&condition, &a, &b], &[true; 3]).unwrap();
    assert_eq!(y.download().unwrap(), ndarray::arr2(&[[1.0, 2.0, 3.0]]).into_dyn());
    let parts = pullback.pull_all(&row([f64::INFINITY, f64::INFINITY, 1.0])).unwrap();
    let expected = [[0.0; 3], [f64::INFINITY, 0.0, 1.0], [0.0, f64::INFINITY, 0.0]];
    for (part, expected) in parts.iter().zip(expected) {
        assert_eq!(part.as_ref().unwrap().download().unwrap(), ndarray::arr2(&[expected]).into_dyn());
    }
}

#[test]
fn reductions() {
    let x = numbers(&[2, 3, 4, 2], 108);
    for of in [Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min] {
        for axes in [vec![], vec![1], vec![3], vec![2, 3], vec![3, 1], vec![0, 2], vec![0, 1, 2, 3]] {
            check_op(&format!("{of:?} over {axes:?}"), Reduce { of, axes }, &x);
        }
    }
}
