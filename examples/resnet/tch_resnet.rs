//! ResNet-18 of tch's layers.

use xai::nn::Weights;
use xai::tch::LibTorch;
use xai::tch::tch::nn::{self, BatchNorm, Conv2D, ConvConfig, Linear, ModuleT, Path, SequentialT, VarStore};
use xai::tch::tch::{Device, Tensor, no_grad};
use xai::{Error, Explainable};

use crate::stage::Stage;

/// The residual network of He et al. (2016), *Deep Residual Learning for Image Recognition*, arXiv:1512.03385, with
/// torchvision's names: images (B, 3, H, W) to logits (B, classes).
#[derive(Debug, Explainable)]
#[explainable(backend = LibTorch, features = "Self::up_to_stage", adaptation = "Self::after_stage")]
pub(crate) struct ResNet18 {
    conv1: Conv2D,
    bn1: BatchNorm,
    stages: [[Block; 2]; 4],
    fc: Linear,
    /// Where the features end: to be set at any time.
    pub(crate) stage: Stage,
}

impl ResNet18 {
    pub(crate) fn new(classes: i64, stage: Stage, vs: &Path<'_>) -> Self {
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

    pub(crate) fn load(weights: &Weights<LibTorch>, stage: Stage) -> xai::Result<Self> {
        let bias = weights.get("fc.bias")?.into_inner();
        let vs = VarStore::new(Device::Cpu);
        let network = ResNet18::new(bias.size1().map_err(failed)?, stage, &vs.root());
        for (name, mut variable) in vs.variables() {
            let numbers = weights.get(&name)?.into_inner();
            no_grad(|| variable.f_copy_(&numbers)).map_err(failed)?;
        }
        Ok(network)
    }

    fn up_to_stage(&self, x: &Tensor) -> Tensor {
        let y = x.apply(&self.conv1).apply_t(&self.bn1, false).relu();
        let y = y.max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false);
        self.stages[..self.stage.depth()].iter().flatten().fold(y, |y, block| block.forward(&y))
    }

    fn after_stage(&self, maps: &Tensor) -> Tensor {
        let later = self.stages[self.stage.depth()..].iter().flatten();
        let y = later.fold(maps.shallow_clone(), |y, block| block.forward(&y));
        y.adaptive_avg_pool2d([1, 1]).flatten(1, -1).apply(&self.fc)
    }
}

/// Two convolutions with a connection that skips them.
#[derive(Debug)]
struct Block {
    conv1: Conv2D,
    bn1: BatchNorm,
    conv2: Conv2D,
    bn2: BatchNorm,
    /// Brings the input to the output's shape; empty where they are the same.
    downsample: SequentialT,
}

fn blocks(input: i64, width: i64, stride: i64, vs: &Path<'_>) -> [Block; 2] {
    [Block::new(input, width, stride, &(vs / 0)), Block::new(width, width, 1, &(vs / 1))]
}

impl Block {
    fn new(input: i64, width: i64, stride: i64, vs: &Path<'_>) -> Self {
        let mut downsample = nn::seq_t();
        if input != width {
            let vs = vs / "downsample";
            downsample = downsample
                .add(nn::conv2d(&vs / 0, input, width, 1, strided(stride, 0)))
                .add(nn::batch_norm2d(&vs / 1, width, Default::default()));
        }
        Block {
            conv1: nn::conv2d(vs / "conv1", input, width, 3, strided(stride, 1)),
            bn1: nn::batch_norm2d(vs / "bn1", width, Default::default()),
            conv2: nn::conv2d(vs / "conv2", width, width, 3, strided(1, 1)),
            bn2: nn::batch_norm2d(vs / "bn2", width, Default::default()),
            downsample,
        }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        let y = x.apply(&self.conv1).apply_t(&self.bn1, false).relu();
        let y = y.apply(&self.conv2).apply_t(&self.bn2, false);
        (y + self.downsample.forward_t(x, false)).relu()
    }
}

fn strided(stride: i64, padding: i64) -> ConvConfig {
    ConvConfig { stride, padding, bias: false, ..Default::default() }
}

fn failed(error: xai::tch::tch::TchError) -> Error {
    Error::backend("libtorch", error)
}
