//! The layers of the vocabulary.

use ndarray::Axis;
use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, ChannelAffine, Conv2d, ConvPadding, GroupNorm,
    LayerNorm, Linear, LogSoftmax, MaxPool2d, NnBackend, Pad2d, Padding, RmsNorm, Sequential, Softmax, Upsample2d,
};
use xai_core::{Backend, Differentiable, Element, Layer, LayerSplit, NdArray, Segments, Tensor};

use crate::{Failure, Outcome, Suite, values};

/// A layer, and an input for it.
struct Case<B: NnBackend> {
    name: String,
    input: Vec<usize>,
    layer: Box<dyn Layer<B>>,
}

struct Cases<'a, B: NnBackend> {
    placement: &'a B::Placement,
    all: Vec<Case<B>>,
}

impl<B: NnBackend> Cases<'_, B> {
    fn weight(&self, shape: &[usize], seed: u64) -> xai_core::Result<Tensor<B>> {
        Tensor::upload(values(shape, seed).mapv(|v| B::Elem::of(v * 0.5)).view(), self.placement)
    }

    fn add(&mut self, name: impl Into<String>, input: &[usize], layer: impl Layer<B> + 'static) {
        self.all.push(Case { name: name.into(), input: input.to_vec(), layer: Box::new(layer) });
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
        }
    }
}

fn cases<B: NnBackend>(placement: &B::Placement) -> xai_core::Result<Vec<Case<B>>> {
    let mut cases = Cases { placement, all: Vec::new() };
    cases.convolutions()?;
    cases.affine()?;
    cases.norms()?;
    cases.pools();
    cases.pointwise();
    cases.sizes();
    Ok(cases.all)
}

/// Runs a check on every layer, on both backends, and collects what fails.
fn each<B: NnBackend>(
    suite: &Suite<B>,
    check: impl Fn(&str, &dyn Layer<B>, &dyn Layer<NdArray<f64>>, &[usize]) -> Outcome,
) -> Outcome {
    let pairs = cases::<B>(suite.placement())?.into_iter().zip(cases::<NdArray<f64>>(&())?);
    let failed: Vec<String> = pairs
        .filter_map(|(case, truth)| check(&case.name, &*case.layer, &*truth.layer, &case.input).err())
        .map(|failure| format!("{failure:?}"))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(failed.join("\n"))) }
}

fn in_words(name: &str) -> impl Fn(xai_core::Error) -> Failure + '_ {
    move |error| Failure::new(format!("{name}: {error}"))
}

/// y = f(x).
pub fn forward_passes<B: NnBackend>(suite: &Suite<B>) -> Outcome {
    each(suite, |name, layer, truth, input| {
        let x = values(input, 100);
        let expected = truth.forward(&Tensor::new(x.clone().into_shared())).map_err(in_words(name))?;
        let got = layer.forward(&suite.tensor(&x)?).map_err(in_words(name))?;
        suite.same(name, &got, &expected.download()?)
    })
}

/// y = f(x) and vᵀ · ∂y/∂x.
pub fn pullbacks<B: NnBackend>(suite: &Suite<B>) -> Outcome {
    each(suite, |name, layer, truth, input| {
        let x = values(input, 101);
        let (expected, pull_truth) = truth.vjp(&Tensor::new(x.clone().into_shared())).map_err(in_words(name))?;
        let (got, pull) = layer.vjp(&suite.tensor(&x)?).map_err(in_words(name))?;
        let expected = expected.download()?;
        suite.same(name, &got, &expected)?;
        let v = values(expected.shape(), 102);
        let expected = pull_truth.pull(&Tensor::new(v.clone().into_shared())).map_err(in_words(name))?.download()?;
        let got = pull.pull(&suite.tensor(&v)?).map_err(in_words(name))?;
        suite.same(&format!("pullback of {name}"), &got, &expected)
    })
}

/// y = f(x) and vᵀ · (mean of ∂y/∂x over a segment): both rows of the input are a path of one segment, one pass each.
pub fn segments<B: NnBackend>(suite: &Suite<B>) -> Outcome {
    each(suite, |name, layer, truth, input| {
        if input.first() != Some(&2) {
            return Ok(());
        }
        let x = values(input, 107);
        let (from, to) = x.view().split_at(Axis(0), 1);
        let (from, to) = (from.to_owned(), to.to_owned());
        let (start, start_truth) = (Segments::new(1), Segments::new(1));
        truth.segment_vjp(&start_truth, &Tensor::new(from.clone().into_shared())).map_err(in_words(name))?;
        layer.segment_vjp(&start, &suite.tensor(&from)?).map_err(in_words(name))?;
        let (end, end_truth) = (start.next(1), start_truth.next(1));
        let truth = truth.segment_vjp(&end_truth, &Tensor::new(to.clone().into_shared())).map_err(in_words(name))?;
        let (got, pull) = layer.segment_vjp(&end, &suite.tensor(&to)?).map_err(in_words(name))?;
        let expected = truth.0.download()?;
        suite.same(name, &got, &expected)?;
        let v = values(expected.shape(), 108);
        let expected = truth.1.pull(&Tensor::new(v.clone().into_shared())).map_err(in_words(name))?.download()?;
        let got = pull.pull(&suite.tensor(&v)?).map_err(in_words(name))?;
        suite.same(&format!("segment of {name}"), &got, &expected)
    })?;
    max_pool_segments(suite)
}

/// Max pooling along two paths of three rows each: windows that overlap, that leave gaps, and at odd borders.
fn max_pool_segments<B: NnBackend>(suite: &Suite<B>) -> Outcome {
    let odd = Padding { top: 1, bottom: 0, left: 0, right: 2 };
    let pools = [
        MaxPool2d::new(2),
        MaxPool2d::new(3).stride(2).padding(1),
        MaxPool2d::new([2, 1]).stride([3, 2]),
        MaxPool2d::new([4, 3]).stride([1, 2]).padding(odd),
    ];
    for (seed, pool) in (109..).zip(pools) {
        let name = format!("{pool:?} along paths");
        let x = values(&[6, 3, 7, 6], seed);
        let (expected, pull_truth) = NdArray::<f64>::max_pool_segments(&pool, &Tensor::new(x.clone().into_shared()), 3)
            .map_err(in_words(&name))?;
        let (got, pull) = B::max_pool_segments(&pool, &suite.tensor(&x)?, 3).map_err(in_words(&name))?;
        let expected = expected.download()?;
        suite.same(&name, &got, &expected)?;
        let v = values(expected.shape(), seed + 100);
        let expected = pull_truth.pull(&Tensor::new(v.clone().into_shared())).map_err(in_words(&name))?.download()?;
        let got = pull.pull(&suite.tensor(&v)?).map_err(in_words(&name))?;
        suite.same(&format!("pullback of {name}"), &got, &expected)?;
        let refused = B::max_pool_segments(&pool, &suite.tensor(&x)?, 4);
        if !matches!(refused, Err(xai_core::Error::InvalidParameter { name: "nodes", .. })) {
            return Err(Failure::new(format!("{name}: six rows are not paths of four, and that is not said")));
        }
    }
    Ok(())
}

/// A pullback can be called again, with another cotangent, and is linear in it.
pub fn pullbacks_twice<B: NnBackend>(suite: &Suite<B>) -> Outcome {
    each(suite, |name, layer, _, input| {
        let (y, pull) = layer.vjp(&suite.tensor(&values(input, 103))?).map_err(in_words(name))?;
        let v = suite.tensor(&values(&y.shape(), 104))?;
        let pulled = |v: &Tensor<B>| -> Result<_, Failure> { Ok(pull.pull(v).map_err(in_words(name))?.download()?) };
        let (once, twice) = (pulled(&v)?, pulled(&v.scale(2.0)?)?);
        let doubled = once.mapv(|v| 2.0 * v.as_f64());
        suite.close(&format!("second pullback of {name}"), &twice, &doubled)?;
        let again = pulled(&v)?;
        suite.close(&format!("third pullback of {name}"), &again, &once.mapv(|v| v.as_f64()))
    })
}

/// Layers with weights know where they are, and so does a part of a network that has none: results live where the input
/// lives.
pub fn placements<B: NnBackend>(suite: &Suite<B>) -> Outcome {
    let wanted = format!("{:?}", suite.placement());
    each(suite, |name, layer, _, input| {
        let y = layer.forward(&suite.tensor(&values(input, 105))?).map_err(in_words(name))?;
        for (what, place) in [("output", Some(y.placement())), ("weights", layer.placement())] {
            let got = place.map_or_else(|| wanted.clone(), |place| format!("{place:?}"));
            if got != wanted {
                return Err(Failure::new(format!("{what} of {name} at {got} instead of {wanted}")));
            }
        }
        Ok(())
    })?;
    let linear = Linear::new(suite.tensor(&values(&[2, 3], 106))?, None)?;
    let network = Sequential::new().push(Activation::Relu).push(linear);
    let split = network.split_after("0")?;
    for (what, place) in [("network", split.placement()), ("features", split.features().placement())] {
        let got = format!("{place:?}");
        if got != wanted {
            return Err(Failure::new(format!("{what} without weights at {got} instead of {wanted}")));
        }
    }
    Ok(())
}
