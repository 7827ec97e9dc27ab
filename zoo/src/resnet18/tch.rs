//! ResNet-18 of tch's layers.

use xai::nn::{AdaptiveAvgPool2d, MaxPool2d, Weights};
use xai::tch::LibTorch;
use xai::tch::tch::nn::{self, BatchNorm, Conv2D, ConvConfig, Linear, Path, VarStore};
use xai::tch::tch::{Device, no_grad};
use xai::{Differentiable, Error, Layer, LayerSplit, Var};

use super::Stage;

/// The residual network of He et al. (2016), *Deep Residual Learning for Image Recognition*, arXiv:1512.03385, with
/// torchvision's names: images (B, 3, H, W) to logits (B, classes).
#[derive(Debug)]
pub struct ResNet18 {
    conv1: Conv2D,
    bn1: BatchNorm,
    stages: [[Block; 2]; 4],
    fc: Linear,
    /// Where Grad-CAM looks: to be set at any time.
    pub stage: Stage,
}

impl ResNet18 {
    /// The network from variables, which are made in the store.
    pub fn new(classes: i64, stage: Stage, vs: &Path<'_>) -> Self {
        ResNet18 {
            conv1: nn::conv2d(vs / "conv1", 3, 64, 7, strided(2, 3)),
            bn1: nn::batch_norm2d(vs / "bn1", 64, Default::default()),
            stages: [
                blocks(64, 64, 1, &(vs / "layer1")),
                blocks(64, 128, 2, &(vs / "layer2")),
                blocks(128, 256, 2, &(vs / "layer3")),
                blocks(256, 512, 2, &(vs / "layer4")),
            ],
            fc: nn::linear(vs / "fc", 512, classes, Default::default()),
            stage,
        }
    }

    /// The network from weights by torchvision's names.
    ///
    /// # Errors
    /// A weight that is missing, or has another shape than this network's.
    pub fn load(weights: &Weights<LibTorch>, stage: Stage) -> xai::Result<Self> {
        let bias = weights.get("fc.bias")?.into_inner();
        let vs = VarStore::new(Device::Cpu);
        let network = ResNet18::new(bias.size1().map_err(failed)?, stage, &vs.root());
        for (name, mut variable) in vs.variables() {
            let numbers = weights.get(&name)?.into_inner();
            no_grad(|| variable.f_copy_(&numbers)).map_err(failed)?;
        }
        Ok(network)
    }
}

impl Differentiable for ResNet18 {
    type Backend = LibTorch;

    /// Ordinary forward code, on values: every layer that has a name is a place.
    fn trace<'m>(&'m self, inputs: &[Var<'m, LibTorch>]) -> xai::Result<Var<'m, LibTorch>> {
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
    conv1: Conv2D,
    bn1: BatchNorm,
    conv2: Conv2D,
    bn2: BatchNorm,
    /// Brings the input to the output's shape, where they differ.
    downsample: Option<(Conv2D, BatchNorm)>,
}

fn blocks(input: i64, width: i64, stride: i64, vs: &Path<'_>) -> [Block; 2] {
    [Block::new(input, width, stride, &(vs / 0)), Block::new(width, width, 1, &(vs / 1))]
}

impl Block {
    fn new(input: i64, width: i64, stride: i64, vs: &Path<'_>) -> Self {
        let downsample = (input != width).then(|| {
            let vs = vs / "downsample";
            let conv = nn::conv2d(&vs / 0, input, width, 1, strided(stride, 0));
            (conv, nn::batch_norm2d(&vs / 1, width, Default::default()))
        });
        Block {
            conv1: nn::conv2d(vs / "conv1", input, width, 3, strided(stride, 1)),
            bn1: nn::batch_norm2d(vs / "bn1", width, Default::default()),
            conv2: nn::conv2d(vs / "conv2", width, width, 3, strided(1, 1)),
            bn2: nn::batch_norm2d(vs / "bn2", width, Default::default()),
            downsample,
        }
    }
}

impl Layer<LibTorch> for Block {
    fn trace<'m>(&'m self, x: Var<'m, LibTorch>) -> xai::Result<Var<'m, LibTorch>> {
        let y = x.layer("conv1", &self.conv1)?.layer("bn1", &self.bn1)?.relu();
        let y = y.layer("conv2", &self.conv2)?.layer("bn2", &self.bn2)?;
        let skip = match &self.downsample {
            Some((conv, bn)) => x.within("downsample", || x.layer(0, conv)?.layer(1, bn))?,
            None => x,
        };
        Ok((y + skip).relu())
    }
}

fn strided(stride: i64, padding: i64) -> ConvConfig {
    ConvConfig { stride, padding, bias: false, ..Default::default() }
}

fn failed(error: xai::tch::tch::TchError) -> Error {
    Error::backend("libtorch", error)
}
