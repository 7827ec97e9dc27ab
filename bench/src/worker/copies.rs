//! Models of candle-transformers: copies of their files with the line that makes them explainable.

use candle_copies::models::{bert, resnet, vit};
use candle_core::{DType, Device, Module, Result, Tensor};
use measured::names::Network;
use ndarray::{ArrayD, IxDyn};
use xai::candle::nn::VarBuilder;
use xai::candle::{Candle, model, overlay};
use xai::{BoxModel, Differentiable as _, Net};
use xai_cli::backend::candle_device;
use xai_zoo::command_line::Outcome;

use super::{Sample, Subject, Timed};
use crate::args::Job;

/// What a model computes.
pub(super) type Forward = Box<dyn Fn(&Tensor) -> Result<Tensor>>;

/// How each is made of its weights.
const COPIES: [(&str, fn(VarBuilder<'static>) -> Result<Forward>); 3] =
    [("vit-b16", vit_b16), ("bert-base", bert_base), ("resnet50", resnet50)];

const CLASSES: usize = 1000;

fn vit_b16(weights: VarBuilder<'static>) -> Result<Forward> {
    let net = vit::Model::new(&vit::Config::vit_base_patch16_224(), CLASSES, weights)?;
    Ok(Box::new(move |x| net.forward(x)))
}

/// The first word's row of the last layer, of embedded words.
fn bert_base(weights: VarBuilder<'static>) -> Result<Forward> {
    let build = |weights: VarBuilder<'static>| bert::BertModel::load(weights, &bert::Config::default());
    let forward =
        |net: &bert::BertModel, ids: &Tensor| net.forward(ids, &ids.zeros_like()?, None)?.narrow(1, 0, 1)?.squeeze(1);
    Ok(Box::new(overlay::embedded(weights, "embeddings.word_embeddings.weight", build, forward)))
}

fn resnet50(weights: VarBuilder<'static>) -> Result<Forward> {
    let net = resnet::resnet50(CLASSES, weights)?;
    Ok(Box::new(move |x| net.forward(x)))
}

fn load(job: &Job, device: &Device) -> Outcome<Forward> {
    let weights = candle_core::safetensors::load(job.data.join(format!("{}.safetensors", job.network)), device)?;
    let weights = VarBuilder::from_tensors(weights, DType::F32, device);
    let build = COPIES.iter().find(|(name, _)| *name == job.network.name).map(|(_, build)| build);
    Ok(build.ok_or_else(|| no_copy(job.network))?(weights)?)
}

fn no_copy(network: Network) -> String {
    format!("there is no copy of {network}")
}

/// As this library's model.
pub(super) fn explained(job: &Job) -> Outcome<BoxModel<'static, Candle>> {
    let device = candle_device(job.device)?;
    let forward = load(job, &device)?;
    let net: Net<Candle, _> = model(move |x: &Tensor| forward(x));
    Ok(Box::new(net.at(device)))
}

/// The model's own forward pass, which nothing is explained of.
pub(super) struct Bare {
    forward: Forward,
    input: Tensor,
}

impl Bare {
    pub(super) fn load(job: &Job, sample: &Sample) -> Outcome<Self> {
        let device = candle_device(job.device)?;
        let input = Tensor::from_vec(sample.input.iter().copied().collect(), sample.input.shape(), &device)?;
        Ok(Bare { forward: load(job, &device)?, input })
    }
}

impl Subject for Bare {
    fn forward(&self) -> Outcome<()> {
        (self.forward)(&self.input)?;
        Ok(())
    }

    fn run(&self, _: usize) -> Outcome<Timed> {
        let array = |y: Tensor| Ok(ArrayD::from_shape_vec(IxDyn(y.dims()), y.flatten_all()?.to_vec1()?)?);
        // The numbers come with it, for a card is asked for them before it has computed them.
        Timed::of(|| array((self.forward)(&self.input)?), Ok)
    }

    fn check(&self, _: usize) -> Outcome<Option<ArrayD<f32>>> {
        Ok(None)
    }
}
