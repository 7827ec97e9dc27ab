//! Layers that are made of several operations.

use xai_core::nn::{
    Activation, AdaptiveAvgPool1d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool3d, AvgPool1d, AvgPool3d,
    Conv1d, Conv3d, ConvPaddingNd, ConvTranspose1d, Gru, Linear, LocalResponseNorm, Lstm, MaxPool1d, MaxPool3d,
    MultiHeadAttention, PRelu, PixelShuffle, PixelUnshuffle, RecurrentWeights, Sequential, Upsample1d, Upsample3d,
    scaled_dot_product_attention,
};
use xai_core::{Backend, BoxModel, Differentiable, Element, Layer, Result, Tensor, Var};

use crate::layers::{Truth, compare_vjps};
use crate::{Failure, Outcome, Suite, values};

/// A layer, and the shapes of inputs for it.
struct Case<B: Backend> {
    name: &'static str,
    inputs: Vec<Vec<usize>>,
    model: BoxModel<'static, B>,
}

struct Cases<'a, B: Backend> {
    placement: &'a B::Placement,
    all: Vec<Case<B>>,
}

impl<B: Backend> Cases<'_, B> {
    fn weight(&self, shape: &[usize], seed: u64) -> Result<Tensor<B>> {
        Tensor::upload(values(shape, seed).mapv(|v| B::Elem::of(v * 0.25)).view(), self.placement)
    }

    fn add(&mut self, name: &'static str, input: &[usize], layer: impl Layer<B> + Send + Sync + 'static) {
        let model = Box::new(Sequential::new().push(layer));
        self.all.push(Case { name, inputs: vec![input.to_vec()], model });
    }

    fn convolutions(&mut self) -> Result<()> {
        let dense = Conv1d::new(self.weight(&[4, 3, 3], 400)?, self.weight(&[4], 401)?)?;
        self.add("Conv1d", &[2, 3, 8], dense.stride(2).padding(1));
        let groups = Conv1d::new(self.weight(&[4, 1, 3], 402)?, None)?;
        self.add("causal Conv1d of groups", &[2, 4, 7], groups.dilation(2).padding((4, 0)).groups(4));
        let same = Conv1d::new(self.weight(&[2, 3, 4], 403)?, None)?;
        self.add("Conv1d that keeps the length", &[2, 3, 7], same.padding(ConvPaddingNd::Same));
        let volume = Conv3d::new(self.weight(&[3, 2, 2, 3, 2], 404)?, self.weight(&[3], 405)?)?;
        self.add("Conv3d", &[2, 2, 4, 5, 4], volume.stride([1, 2, 1]).padding(1));
        let groups = Conv3d::new(self.weight(&[4, 1, 2, 2, 2], 406)?, None)?;
        self.add("Conv3d of groups", &[2, 2, 5, 4, 5], groups.dilation([2, 1, 2]).groups(2));
        let back = ConvTranspose1d::new(self.weight(&[3, 2, 4], 407)?, self.weight(&[2], 408)?)?;
        self.add("ConvTranspose1d", &[2, 3, 5], back.stride(2).padding(1).output_padding(1));
        let groups = ConvTranspose1d::new(self.weight(&[4, 2, 3], 409)?, None)?;
        self.add("ConvTranspose1d of groups", &[2, 4, 5], groups.dilation(2).groups(2));
        Ok(())
    }

    /// What has no value, or no slope, at numbers that are not positive.
    fn of_positive_numbers(&mut self) {
        let half = Activation::Power { exponent: -0.5 };
        let curves = [Activation::Log, Activation::Sqrt, Activation::Reciprocal, half];
        for (name, curve) in ["Log", "Sqrt", "Reciprocal", "Power of -1/2"].into_iter().zip(curves) {
            self.add(name, &[2, 5, 11], Sequential::new().push(Activation::Softplus).push(curve));
        }
    }

    fn pools(&mut self) {
        self.add("MaxPool1d", &[2, 3, 9], MaxPool1d::new(3).stride(2).padding(1));
        self.add("AvgPool1d", &[2, 3, 8], AvgPool1d::new(3).stride(2).padding(1));
        self.add("AvgPool1d of what is there", &[2, 3, 8], AvgPool1d::new(3).padding(1).count_include_pad(false));
        self.add("AdaptiveAvgPool1d", &[2, 3, 7], AdaptiveAvgPool1d::new(3));
        self.add("AdaptiveMaxPool1d", &[2, 3, 7], AdaptiveMaxPool1d::new(2));
        let volume = [2, 2, 4, 5, 6];
        self.add("MaxPool3d", &volume, MaxPool3d::new([2, 3, 2]).stride([1, 2, 3]).padding([1, 1, 0]));
        self.add("AvgPool3d", &volume, AvgPool3d::new(2).padding(1));
        self.add("AvgPool3d of what is there", &volume, AvgPool3d::new(3).padding(1).count_include_pad(false));
        self.add("AdaptiveAvgPool3d", &volume, AdaptiveAvgPool3d::new([2, 3, 1]));
        self.add("AdaptiveMaxPool3d", &volume, AdaptiveMaxPool3d::new([3, 2, 2]));
    }

    fn sizes(&mut self) {
        for (name, layer) in [
            ("nearest sequence", Upsample1d::nearest(7)),
            ("nearest sequence by centres", Upsample1d::nearest_exact(7)),
            ("linear sequence", Upsample1d::linear(11)),
            ("aligned linear sequence", Upsample1d::linear_aligned(3)),
        ] {
            self.add(name, &[2, 3, 5], layer);
        }
        for (name, layer) in [
            ("nearest volume", Upsample3d::nearest([5, 4, 7])),
            ("nearest volume by centres", Upsample3d::nearest_exact([5, 4, 7])),
            ("trilinear volume", Upsample3d::trilinear([6, 2, 7])),
            ("aligned trilinear volume", Upsample3d::trilinear_aligned([2, 6, 7])),
        ] {
            self.add(name, &[2, 2, 3, 4, 5], layer);
        }
    }

    fn others(&mut self) -> Result<()> {
        let (one, each) = (PRelu::new(self.weight(&[1], 420)?)?, PRelu::new(self.weight(&[3], 421)?)?);
        self.add("PRelu", &[2, 3, 4], one);
        self.add("PRelu of channels", &[2, 3, 4], each);
        self.add("LocalResponseNorm", &[2, 5, 3, 2], LocalResponseNorm::new(3).alpha(0.5).k(2.0));
        self.add("PixelShuffle", &[2, 8, 3, 2], PixelShuffle::new(2));
        self.add("PixelUnshuffle", &[2, 2, 4, 6], PixelUnshuffle::new(2));
        Ok(())
    }

    /// One direction of a recurrent layer of two hidden units.
    fn direction(&self, gates: usize, inputs: usize, seed: u64) -> Result<RecurrentWeights<B>> {
        Ok(RecurrentWeights {
            weight_ih: self.weight(&[2 * gates, inputs], seed)?,
            weight_hh: self.weight(&[2 * gates, 2], seed + 1)?,
            bias_ih: Some(self.weight(&[2 * gates], seed + 2)?),
            bias_hh: Some(self.weight(&[2 * gates], seed + 3)?),
        })
    }

    /// Two layers of two directions each.
    fn directions(&self, gates: usize) -> Result<Vec<Vec<RecurrentWeights<B>>>> {
        let layer = |inputs: usize, seed: u64| {
            Ok(vec![self.direction(gates, inputs, seed)?, self.direction(gates, inputs, seed + 10)?])
        };
        Ok(vec![layer(3, 430)?, layer(4, 450)?])
    }

    fn sequences(&mut self) -> Result<()> {
        self.add("Lstm", &[2, 4, 3], Lstm::new(self.directions(4)?)?);
        self.add("Gru", &[2, 4, 3], Gru::new(self.directions(3)?)?);
        let linear = |seed: u64| Linear::new(self.weight(&[4, 4], seed)?, self.weight(&[4], seed + 1)?);
        let layer = || MultiHeadAttention::new(2, linear(470)?, linear(472)?, linear(474)?, linear(476)?);
        let (alone, crossed) = (layer()?, layer()?);
        self.add("MultiHeadAttention", &[2, 3, 4], alone);
        let (q, k) = (vec![2, 3, 4], vec![2, 5, 4]);
        self.all.push(Case {
            name: "MultiHeadAttention to others, with a mask",
            inputs: vec![q.clone(), k.clone(), k.clone(), vec![2, 1, 3, 5]],
            model: Box::new(Attention(Some(crossed))),
        });
        self.all.push(Case {
            name: "scaled_dot_product_attention",
            inputs: vec![q, k.clone(), k],
            model: Box::new(Attention(None)),
        });
        Ok(())
    }
}

/// Queries, keys, values, and a mask that is added: by the layer, or by the product alone.
struct Attention<B: Backend>(Option<MultiHeadAttention<B>>);

impl<B: Backend> Differentiable for Attention<B> {
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let [q, k, v, mask @ ..] = inputs else {
            return Err(xai_core::Error::backend("suite", "attention has three inputs"));
        };
        match &self.0 {
            Some(layer) => layer.attend(q, k, v, mask.first()),
            None => scaled_dot_product_attention(q, k, v, mask.first()),
        }
    }
}

fn cases<B: Backend>(placement: &B::Placement) -> Result<Vec<Case<B>>> {
    let mut cases = Cases { placement, all: Vec::new() };
    cases.convolutions()?;
    cases.of_positive_numbers();
    cases.pools();
    cases.sizes();
    cases.others()?;
    cases.sequences()?;
    Ok(cases.all)
}

/// y = f(x) and vᵀ · ∂y/∂x, for each input of every layer.
pub fn composed_layers<B: Backend>(suite: &Suite<B>) -> Outcome {
    let mut failed = Vec::new();
    for (case, truth) in cases::<B>(suite.placement())?.into_iter().zip(cases::<Truth>(&())?) {
        if let Err(failure) = same(suite, &case, &truth) {
            failed.push(format!("{failure:?}"));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(failed.join("\n"))) }
}

fn same<B: Backend>(suite: &Suite<B>, case: &Case<B>, truth: &Case<Truth>) -> Outcome {
    let in_words = |error: xai_core::Error| Failure::new(format!("{}: {error}", case.name));
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for (shape, seed) in case.inputs.iter().zip(490..) {
        let numbers = values(shape, seed);
        here.push(suite.tensor(&numbers)?);
        there.push(Tensor::new(numbers.into_shared()));
    }
    let wanted = vec![true; case.inputs.len()];
    let (graph, graph_truth) =
        (case.model.graph(&case.inputs).map_err(in_words)?, truth.model.graph(&case.inputs).map_err(in_words)?);
    let got = graph.vjp(&here, &wanted, None).map_err(in_words)?;
    let expected = graph_truth.vjp(&there, &wanted, None).map_err(in_words)?;
    compare_vjps(suite, case.name, got, expected, 499)
}
