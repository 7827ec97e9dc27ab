//! ResNet-18 of candle_nn's layers.

use std::collections::HashMap;

use candle_core::{DType, Device, Result};
use candle_nn::{BatchNorm, Conv2d, Conv2dConfig, Linear, VarBuilder, batch_norm, conv2d_no_bias, linear};
use xai::candle::Candle;
use xai::nn::{AdaptiveAvgPool2d, MaxPool2d, Weights};
use xai::{Differentiable, Error, Layer, LayerSplit, Var};

use super::Stage;

/// The residual network of He et al. (2016), *Deep Residual Learning for Image Recognition*, arXiv:1512.03385, with
/// torchvision's names: images (B, 3, H, W) to logits (B, classes).
#[derive(Debug)]
pub struct ResNet18 {
    conv1: Conv2d,
    bn1: BatchNorm,
    stages: [[Block; 2]; 4],
    fc: Linear,
    /// Where Grad-CAM looks: to be set at any time.
    pub stage: Stage,
}

impl ResNet18 {
    /// The network from variables, which are made where they are missing.
    ///
    /// # Errors
    /// candle's own.
    pub fn new(classes: usize, stage: Stage, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(ResNet18 {
            conv1: conv2d_no_bias(3, 64, 7, strided(2, 3), vb.pp("conv1"))?,
            bn1: batch_norm(64, 1e-5, vb.pp("bn1"))?,
            stages: [
                blocks(64, 64, 1, &vb.pp("layer1"))?,
                blocks(64, 128, 2, &vb.pp("layer2"))?,
                blocks(128, 256, 2, &vb.pp("layer3"))?,
                blocks(256, 512, 2, &vb.pp("layer4"))?,
            ],
            fc: linear(512, classes, vb.pp("fc"))?,
            stage,
        })
    }

    /// The network from weights by torchvision's names.
    ///
    /// # Errors
    /// A weight that is missing, or has another shape than this network's.
    pub fn load(weights: &Weights<Candle>, stage: Stage) -> xai::Result<Self> {
        let tensors = weights.names().map(|name| Ok((name.to_owned(), weights.get(name)?.into_inner())));
        let tensors = tensors.collect::<xai::Result<HashMap<_, _>>>()?;
        let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let classes = weights.array("fc.bias")?.len();
        ResNet18::new(classes, stage, vb).map_err(|e| Error::backend("candle", e))
    }
}

impl Differentiable for ResNet18 {
    type Backend = Candle;

    /// Ordinary forward code, on values: every layer that has a name is a place.
    fn trace<'m>(&'m self, inputs: &[Var<'m, Candle>]) -> xai::Result<Var<'m, Candle>> {
        let x = Var::only(inputs)?;
        let y = x.layer("conv1", &self.conv1)?.layer("bn1", &self.bn1)?.relu();
        let mut y = y.op(MaxPool2d::new(3).stride(2).padding(1));
        for (stage, blocks) in Stage::ALL.iter().zip(&self.stages) {
            let of_stage = || blocks.iter().enumerate().try_fold(y.clone(), |y, (i, block)| y.layer(i, block));
            y = y.within(stage.name(), of_stage)?;
        }
        y.op(AdaptiveAvgPool2d::global()).flatten(1, -1).layer("fc", &self.fc)
    }
}

/// Where Grad-CAM looks, unless it is told another place.
impl LayerSplit for ResNet18 {
    fn split_at(&self) -> &str {
        self.stage.name()
    }
}

/// Two convolutions with a connection that skips them.
#[derive(Debug)]
struct Block {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
    /// Brings the input to the output's shape, where they differ.
    downsample: Option<(Conv2d, BatchNorm)>,
}

fn blocks(input: usize, width: usize, stride: usize, vb: &VarBuilder<'_>) -> Result<[Block; 2]> {
    Ok([Block::new(input, width, stride, &vb.pp("0"))?, Block::new(width, width, 1, &vb.pp("1"))?])
}

impl Block {
    fn new(input: usize, width: usize, stride: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let downsample = if input == width {
            None
        } else {
            let vb = vb.pp("downsample");
            let conv = conv2d_no_bias(input, width, 1, strided(stride, 0), vb.pp("0"))?;
            Some((conv, batch_norm(width, 1e-5, vb.pp("1"))?))
        };
        Ok(Block {
            conv1: conv2d_no_bias(input, width, 3, strided(stride, 1), vb.pp("conv1"))?,
            bn1: batch_norm(width, 1e-5, vb.pp("bn1"))?,
            conv2: conv2d_no_bias(width, width, 3, strided(1, 1), vb.pp("conv2"))?,
            bn2: batch_norm(width, 1e-5, vb.pp("bn2"))?,
            downsample,
        })
    }
}

impl Layer<Candle> for Block {
    fn trace<'m>(&'m self, x: Var<'m, Candle>) -> xai::Result<Var<'m, Candle>> {
        let y = x.layer("conv1", &self.conv1)?.layer("bn1", &self.bn1)?.relu();
        let y = y.layer("conv2", &self.conv2)?.layer("bn2", &self.bn2)?;
        let skip = match &self.downsample {
            Some((conv, bn)) => x.within("downsample", || x.layer(0, conv)?.layer(1, bn))?,
            None => x,
        };
        Ok((y + skip).relu())
    }
}

fn strided(stride: usize, padding: usize) -> Conv2dConfig {
    Conv2dConfig { stride, padding, ..Default::default() }
}
