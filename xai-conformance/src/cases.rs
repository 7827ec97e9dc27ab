//! The operations that the vocabulary is tried on.

use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, Binary, ChannelAffine, Concatenate, Conv2d,
    ConvPadding, ConvTranspose2d, Embedding, Flatten, GroupNorm, IndexSelect, LayerNorm, Linear, LogSoftmax, MatMul,
    MaxPool2d, Narrow, Op, Pad2d, Padding, Permute, Reduce, Reduction, Reshape, RmsNorm, Scale, Softmax, Upsample2d,
    Where,
};
use xai_core::{Backend, Element, Tensor};

use crate::values;

/// An operation, and inputs for it.
pub(crate) struct Case<B: Backend> {
    pub(crate) name: String,
    pub(crate) inputs: Vec<Vec<usize>>,
    pub(crate) op: Op<B>,
}

struct Cases<'a, B: Backend> {
    placement: &'a B::Placement,
    all: Vec<Case<B>>,
}

impl<B: Backend> Cases<'_, B> {
    fn weight(&self, shape: &[usize], seed: u64) -> xai_core::Result<Tensor<B>> {
        Tensor::upload(values(shape, seed).mapv(|v| B::Elem::of(v * 0.5)).view(), self.placement)
    }

    fn add(&mut self, name: impl Into<String>, input: &[usize], op: impl Into<Op<B>>) {
        self.add_of(name, &[input], op);
    }

    fn add_of(&mut self, name: impl Into<String>, inputs: &[&[usize]], op: impl Into<Op<B>>) {
        let inputs = inputs.iter().map(|shape| shape.to_vec()).collect();
        self.all.push(Case { name: name.into(), inputs, op: op.into() });
    }

    fn convolutions(&mut self) -> xai_core::Result<()> {
        let odd = Padding { top: 0, bottom: 1, left: 2, right: 1 };
        // output channels, input channels, groups, kernel, stride, dilation, padding, input size
        let geometries: [(usize, usize, usize, [usize; 2], [usize; 2], [usize; 2], Padding, [usize; 2]); 11] = [
            (4, 3, 1, [3, 3], [1, 1], [1, 1], Padding::all(1), [7, 6]),
            (5, 4, 1, [1, 1], [1, 1], [1, 1], Padding::all(0), [5, 4]),
            (5, 4, 1, [1, 1], [2, 2], [1, 1], Padding::all(0), [5, 4]),
            (4, 4, 4, [3, 3], [1, 1], [1, 1], Padding::all(1), [6, 5]),
            (4, 4, 4, [5, 5], [2, 2], [1, 1], Padding::all(2), [9, 8]),
            (8, 4, 4, [3, 2], [2, 1], [1, 1], odd, [7, 7]),
            (6, 4, 2, [3, 3], [2, 2], [1, 1], Padding::all(1), [9, 8]),
            (3, 2, 1, [3, 3], [1, 2], [2, 3], odd, [8, 11]),
            (4, 3, 1, [7, 7], [2, 2], [1, 1], Padding::all(3), [12, 13]),
            (2, 3, 1, [2, 3], [3, 3], [1, 1], Padding::all(0), [8, 9]),
            (3, 3, 3, [3, 3], [1, 1], [2, 2], Padding::all(2), [5, 5]),
        ];
        for (i, (out, channels, groups, kernel, stride, dilation, padding, size)) in geometries.into_iter().enumerate()
        {
            let weight = self.weight(&[out, channels / groups, kernel[0], kernel[1]], 20 + i as u64)?;
            let bias = if i % 2 == 0 { Some(self.weight(&[out], 40)?) } else { None };
            let conv = Conv2d::new(weight, bias)?.stride(stride).dilation(dilation).padding(padding).groups(groups);
            self.add(format!("convolution {i}"), &[2, channels, size[0], size[1]], conv);
        }
        for (stride, size) in [(1, [5, 6]), (2, [5, 6]), (2, [8, 7]), (3, [7, 7])] {
            let conv = Conv2d::new(self.weight(&[3, 2, 3, 3], 50)?, None)?.stride(stride).padding(ConvPadding::Same);
            self.add(format!("convolution with TF padding, stride {stride}"), &[2, 2, size[0], size[1]], conv);
        }
        Ok(())
    }

    fn transposed_convolutions(&mut self) -> xai_core::Result<()> {
        let odd = Padding { top: 0, bottom: 1, left: 2, right: 1 };
        // input channels, output channels, groups, kernel, stride, dilation, padding, output padding
        let geometries: [(usize, usize, usize, [usize; 2], [usize; 2], [usize; 2], Padding, [usize; 2]); 9] = [
            (3, 4, 1, [3, 3], [1, 1], [1, 1], Padding::all(0), [0, 0]),
            (3, 4, 1, [2, 2], [2, 2], [1, 1], Padding::all(0), [0, 0]),
            (3, 2, 1, [3, 3], [2, 2], [1, 1], Padding::all(1), [1, 1]),
            (2, 3, 1, [4, 3], [2, 3], [1, 1], Padding::symmetric([1, 0]), [0, 2]),
            (2, 3, 1, [3, 2], [1, 2], [2, 3], odd, [1, 1]),
            (4, 6, 2, [3, 3], [2, 2], [1, 1], Padding::all(1), [1, 0]),
            (4, 4, 4, [3, 3], [2, 2], [1, 1], Padding::all(1), [1, 1]),
            (4, 8, 4, [2, 3], [1, 1], [1, 1], odd, [0, 0]),
            (2, 2, 1, [1, 1], [3, 2], [1, 1], Padding::all(0), [0, 1]),
        ];
        for (i, (channels, out, groups, kernel, stride, dilation, padding, more)) in geometries.into_iter().enumerate()
        {
            let weight = self.weight(&[channels, out / groups, kernel[0], kernel[1]], 130 + i as u64)?;
            let bias = if i % 2 == 0 { Some(self.weight(&[out], 41)?) } else { None };
            let conv = ConvTranspose2d::new(weight, bias)?.stride(stride).dilation(dilation).padding(padding);
            let conv = conv.output_padding(more).groups(groups);
            self.add(format!("transposed convolution {i}"), &[2, channels, 4, 5], conv);
        }
        Ok(())
    }

    fn affine(&mut self) -> xai_core::Result<()> {
        let bias = self.weight(&[4], 61)?;
        let (full, plain) =
            (Linear::new(self.weight(&[4, 3], 60)?, bias)?, Linear::new(self.weight(&[4, 3], 62)?, None)?);
        self.add("linear", &[2, 3], full.clone());
        self.add("linear over a sequence", &[2, 5, 3], full);
        self.add("linear without bias", &[3, 3], plain);
        for input in [vec![2, 3], vec![2, 3, 4], vec![2, 3, 4, 5]] {
            let norm = ChannelAffine::new(self.weight(&[3], 63)?, self.weight(&[3], 64)?)?;
            self.add(format!("channel affine, {} axes", input.len()), &input, norm);
        }
        Ok(())
    }

    fn norms(&mut self) -> xai_core::Result<()> {
        let (weight, bias) = (self.weight(&[5], 70)?, self.weight(&[5], 71)?);
        self.add("layer norm", &[2, 3, 5], LayerNorm::new(weight.clone(), bias, 1e-5)?);
        self.add("layer norm without bias", &[2, 5], LayerNorm::new(weight.clone(), None, 1e-3)?);
        self.add("layer norm of two axes", &[2, 3, 4], LayerNorm::plain(2, 1e-5)?);
        self.add("rms norm", &[2, 3, 5], RmsNorm::new(weight, 1e-5)?);
        let (weight, bias) = (self.weight(&[6], 72)?, self.weight(&[6], 73)?);
        for groups in [1, 2, 6] {
            let norm = GroupNorm::new(groups, weight.clone(), bias.clone(), 1e-5)?;
            self.add(format!("group norm, {groups} groups"), &[2, 6, 3, 2], norm);
        }
        Ok(())
    }

    fn pools(&mut self) {
        for (kernel, stride, padding, size) in [
            ([2, 2], [2, 2], Padding::all(0), [6, 8]),
            ([2, 2], [2, 2], Padding::all(0), [7, 5]),
            ([3, 3], [2, 2], Padding::all(1), [9, 8]),
            ([3, 2], [1, 2], Padding { top: 1, bottom: 0, left: 1, right: 1 }, [6, 7]),
            ([2, 3], [3, 1], Padding::all(0), [8, 5]),
        ] {
            let input = [2, 3, size[0], size[1]];
            let name = |kind: &str| format!("{kind} pooling {kernel:?}/{stride:?} of {size:?}");
            self.add(name("max"), &input, MaxPool2d::new(kernel).stride(stride).padding(padding));
            for counts in [true, false] {
                let pool = AvgPool2d::new(kernel).stride(stride).padding(padding).count_include_pad(counts);
                self.add(name("average"), &input, pool);
            }
        }
        for (size, image) in [([1, 1], [5, 7]), ([2, 3], [5, 7]), ([4, 4], [4, 4]), ([3, 5], [7, 4])] {
            let input = [2, 2, image[0], image[1]];
            self.add(format!("adaptive average pooling {image:?} to {size:?}"), &input, AdaptiveAvgPool2d::new(size));
            self.add(format!("adaptive max pooling {image:?} to {size:?}"), &input, AdaptiveMaxPool2d::new(size));
        }
    }

    fn pointwise(&mut self) {
        for activation in [
            Activation::Relu,
            Activation::Relu6,
            Activation::LeakyRelu { slope: 0.2 },
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
            Activation::Sign,
            Activation::Power { exponent: 3.0 },
            Activation::Erf,
            Activation::Sin,
            Activation::Cos,
        ] {
            self.add(format!("{activation:?}"), &[2, 5, 11], activation);
        }
        for axis in [1, -1] {
            self.add(format!("softmax, axis {axis}"), &[2, 3, 4], Softmax::new(axis));
            self.add(format!("log softmax, axis {axis}"), &[2, 3, 4], LogSoftmax::new(axis));
        }
    }

    fn sizes(&mut self) {
        let border = Padding { top: 1, bottom: 0, left: 2, right: 3 };
        self.add("padding", &[2, 2, 3, 4], Pad2d::new(border));
        self.add("padding with a value", &[2, 2, 3, 4], Pad2d::new(border).value(-1.5));
        for size in [[6, 8], [5, 9], [7, 4], [2, 3]] {
            self.add(format!("nearest to {size:?}"), &[2, 2, 3, 4], Upsample2d::nearest(size));
            self.add(format!("bilinear to {size:?}"), &[2, 2, 3, 4], Upsample2d::bilinear(size));
            self.add(format!("aligned bilinear to {size:?}"), &[2, 2, 3, 4], Upsample2d::bilinear_aligned(size));
            self.add(format!("nearest by centres to {size:?}"), &[2, 2, 3, 4], Upsample2d::nearest_exact(size));
            self.add(format!("bicubic to {size:?}"), &[2, 2, 3, 4], Upsample2d::bicubic(size));
            self.add(format!("aligned bicubic to {size:?}"), &[2, 2, 3, 4], Upsample2d::bicubic_aligned(size));
        }
    }

    /// Arithmetic of several inputs, broadcast and not.
    fn arithmetic(&mut self) {
        for binary in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div] {
            self.add_of(format!("{binary:?}"), &[&[2, 3, 4], &[2, 3, 4]], binary);
            self.add_of(format!("{binary:?} of a channel"), &[&[2, 3, 4], &[2, 3, 1]], binary);
            self.add_of(format!("{binary:?} of fewer axes"), &[&[2, 1, 4], &[3, 1]], binary);
        }
        self.add_of("choice", &[&[2, 3, 4], &[2, 3, 4], &[2, 3, 4]], Where);
        self.add_of("choice by a column", &[&[2, 3, 1], &[2, 1, 4], &[2, 1, 1]], Where);
        self.add_of("matrix product", &[&[2, 3, 4], &[2, 4, 5]], MatMul);
        self.add_of("matrix products of heads", &[&[2, 3, 4, 5], &[2, 3, 5, 2]], MatMul);
        self.add_of("matrix product with one matrix", &[&[2, 3, 4], &[4, 5]], MatMul);
        self.add("scale and shift", &[2, 3, 4], Scale { scale: -1.5, shift: 0.25 });
        for of in [Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min] {
            self.add(format!("{of:?} over an axis"), &[2, 3, 4], Reduce { of, axes: vec![1] });
            self.add(format!("{of:?} over two axes"), &[2, 3, 4, 2], Reduce { of, axes: vec![1, 3] });
        }
    }

    /// Numbers that only move.
    fn layout(&mut self) {
        self.add("flatten", &[2, 3, 4, 2], Flatten::default());
        self.add("flatten of two axes", &[2, 3, 4, 2], Flatten::new(-3, 2));
        self.add("reshape", &[2, 3, 4], Reshape { shape: vec![2, 2, 6] });
        self.add("permute", &[2, 3, 4, 5], Permute { order: vec![0, 2, 3, 1] });
        self.add("narrow", &[2, 5, 3], Narrow { axis: 1, start: 1, len: 3 });
        self.add("narrow to the end", &[2, 5, 3], Narrow { axis: 2, start: 2, len: 1 });
        self.add("entries by places", &[2, 5, 3], IndexSelect::new(1, [4, 0, 4, 2, 4]));
        self.add("entries of the last axis", &[2, 3, 4], IndexSelect::new(2, [1]));
        self.add_of("concatenate", &[&[2, 3, 4], &[2, 1, 4], &[2, 2, 4]], Concatenate { axis: 1 });
    }
}

/// All operations, with their inputs.
pub(crate) fn cases<B: Backend>(placement: &B::Placement) -> xai_core::Result<Vec<Case<B>>> {
    let mut cases = Cases { placement, all: Vec::new() };
    cases.convolutions()?;
    cases.transposed_convolutions()?;
    cases.affine()?;
    cases.norms()?;
    cases.pools();
    cases.pointwise();
    cases.sizes();
    cases.arithmetic();
    cases.layout();
    Ok(cases.all)
}

/// A table of rows, for ids of two sentences.
pub(crate) fn embedding<B: Backend>(placement: &B::Placement) -> xai_core::Result<Embedding<B>> {
    Embedding::new(Tensor::upload(values(&[7, 3], 120).mapv(B::Elem::of).view(), placement)?)
}
