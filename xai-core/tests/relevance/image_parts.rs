//! Which parts are in the map of full gradients: those with the image's rows and columns.

use ndarray::{ArrayD, Axis};
use xai_core::nn::{Conv1d, Conv2d, LayerNorm, Linear};
use xai_core::{Differentiable, FullGrad, Index, Result, Var};

use crate::models::B;
use crate::models::differences::{conv, linear, noise, tensor, weight};
use crate::relevance::nets::{assert_close, photos, values};

/// ψ of a sample's part (C, H, W), of the input's size: |part| less its least, by its greatest, summed over channels.
fn psi(part: &ArrayD<f64>) -> ArrayD<f64> {
    let part = part.mapv(f64::abs);
    let least = part.iter().copied().fold(f64::INFINITY, f64::min);
    let most = part.iter().copied().fold(0.0, f64::max);
    part.mapv(|p| (p - least) / (most - least)).sum_axis(Axis(0))
}

/// The map is that of the input's part and of these.
fn map_is_of<M: Differentiable<Backend = B>>(model: &M, named: &[&str]) {
    let x = photos(4, 3);
    let parts = FullGrad::new().decompose(model, &x, Index(1)).unwrap();
    let map = values(&FullGrad::new(), model, &x, 1);
    let names: Vec<&str> = parts.biases.iter().map(|(name, _)| &name[..]).collect();
    assert!(named.iter().all(|name| names.contains(name)), "{names:?}");
    for sample in 0..3 {
        let of = |part: &ArrayD<f64>| psi(&part.index_axis(Axis(0), sample).to_owned());
        let of_biases = parts.biases.iter().filter(|(name, _)| named.contains(&&name[..])).map(|(_, part)| of(part));
        let expected = of_biases.fold(of(&parts.input), |all, part| all + part);
        let got = map.index_axis(Axis(0), sample).index_axis(Axis(0), 0).to_owned();
        assert_close(&got, &expected, 1e-12, "map");
    }
}

/// Attention over the pixels of a convolution's maps, with two heads; its matrices are (B, 2, 72, 72).
struct Attention(Conv2d<B>, Linear<B>, Linear<B>, Linear<B>);

impl Differentiable for Attention {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let batch = x[0].shape()?[0];
        let maps = x[0].layer("maps", &self.0)?.relu();
        let tokens = maps.reshape(&[batch, 4, 72]).permute(&[0, 2, 1]);
        let heads = |y: Var<'m, B>| y.reshape(&[batch, 72, 2, 2]).permute(&[0, 2, 1, 3]);
        let (q, k) = (heads(tokens.layer("q", &self.1)?), heads(tokens.layer("k", &self.2)?));
        let weights = x[0].within("weights", || Ok(q.matmul(&k.permute(&[0, 1, 3, 2])).softmax(-1)))?;
        let seen = x[0].within("seen", || Ok(weights.matmul(&heads(tokens.clone()))))?;
        let seen = seen.permute(&[0, 2, 1, 3]).reshape(&[batch, 72, 4]);
        (&tokens + &seen).mean(&[1]).flatten(1, -1).layer("classes", &self.3)
    }
}

#[test]
fn attention_is_not_in_the_map() {
    let model = Attention(conv(1, 4, 2, 3), linear(2, 4, 4), linear(3, 4, 4), linear(5, 3, 4));
    map_is_of(&model, &["maps"]);
}

/// Efficient channel attention: a convolution of sequences over the channels' means is no image of one row.
struct Channels(Conv2d<B>, Conv1d<B>, Linear<B>);

impl Differentiable for Channels {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let batch = x[0].shape()?[0];
        let maps = x[0].layer("maps", &self.0)?.relu();
        let gate = maps.mean(&[2, 3]).reshape(&[batch, 1, 4]).layer("over channels", &self.1)?;
        let gate = gate.sigmoid().reshape(&[batch, 4, 1, 1]);
        let gated = x[0].within("gated", || Ok(maps * gate))?;
        gated.mean(&[2, 3]).flatten(1, -1).layer("classes", &self.2)
    }
}

#[test]
fn a_convolution_over_channels_is_not_in_the_map() {
    let over = Conv1d::new(weight(6, &[1, 1, 3]), tensor(&noise(7, &[1]))).unwrap().padding(1);
    map_is_of(&Channels(conv(1, 4, 2, 3), over, linear(5, 3, 4)), &["maps", "gated"]);
}

/// A block of ConvNeXt: norm and linear layers over the channels, which are last there, or behind the samples.
struct Block {
    stem: Conv2d<B>,
    norm: LayerNorm<B>,
    wide: Linear<B>,
    last: bool,
}

impl Differentiable for Block {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let normed = x[0].layer("stem", &self.stem)?.permute(&[0, 2, 3, 1]).layer("norm", &self.norm)?;
        let maps = if self.last {
            normed.layer("wide", &self.wide)?.relu().permute(&[0, 3, 1, 2])
        } else {
            let pixels = Conv2d::new(self.wide.weight.tensor().reshape(&[4, 4, 1, 1])?, None)?;
            let shift = self.wide.bias.as_ref().map(|bias| bias.tensor().reshape(&[4, 1, 1])).transpose()?.unwrap();
            (normed.permute(&[0, 3, 1, 2]).op(pixels) + normed.constant(shift)).relu()
        };
        Ok(maps.mean(&[2, 3]).flatten(1, -1))
    }
}

#[test]
fn it_is_the_same_wherever_the_channels_are() {
    let block = |last: bool| Block {
        stem: conv(1, 4, 2, 3),
        norm: LayerNorm::new(tensor(&noise(2, &[4])), tensor(&noise(3, &[4])), 1e-5).unwrap(),
        wide: linear(4, 4, 4),
        last,
    };
    let x = photos(4, 3);
    let map = values(&FullGrad::new(), &block(true), &x, 1);
    assert_close(&map, &values(&FullGrad::new(), &block(false), &x, 1), 1e-12, "map");
    // The norm's part, and the linear layer's, have their channels last.
    let parts = FullGrad::new().decompose(&block(true), &x, Index(1)).unwrap();
    let mut expected = ArrayD::zeros(map.raw_dim());
    for (sample, mut expected) in expected.axis_iter_mut(Axis(0)).enumerate() {
        let biases = parts.biases.iter().map(|(name, part)| match &name[..] {
            "stem" => part.clone(),
            "norm" | "wide" => part.clone().permuted_axes(vec![0, 3, 1, 2]),
            name => panic!("{name}"),
        });
        for part in biases.chain([parts.input.clone()]) {
            expected += &psi(&part.index_axis(Axis(0), sample).to_owned());
        }
    }
    assert_close(&map, &expected, 1e-12, "map");
}

/// What a step is, and what a layer is.
#[test]
fn the_part_of_a_sequence_s_convolution_is_of_one_row() {
    let layer = Conv1d::new(weight(6, &[4, 2, 3]), tensor(&noise(7, &[4]))).unwrap().padding(1);
    let model = xai_core::nn::Sequential::<B>::new().push_named("conv", layer);
    let parts = FullGrad::new().decompose(&model, &noise(8, &[3, 2, 7]), Index([1, 2])).unwrap();
    assert_eq!(parts.biases[0].1.shape(), [3, 4, 1, 7]);
}
