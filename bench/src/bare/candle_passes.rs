//! candle by itself: candle_nn's layers, and candle's own `backward`.
//!
//! candle's max pooling has no gradient where stride and kernel differ, and a wrong one where they do not. Here the
//! maxima are taken of shifted images by `maximum`, which candle differentiates rightly. All else is as it comes.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{D, DType, Error, Module, ModuleT, Result, Tensor, Var};
use candle_nn::{BatchNorm, Conv2d, Conv2dConfig, Linear};
use ndarray::{Array4, ArrayD, IxDyn};
use xai_cli::backend::{Device, candle_device};
use xai_zoo::command_line::Outcome;

use super::passes::Passes;
use super::plan::Step;

/// The weights by name, and where they are.
pub(crate) struct CandlePasses {
    weights: HashMap<String, Tensor>,
    device: candle_core::Device,
}

impl CandlePasses {
    fn all(&self, steps: &[Step], x: &Tensor) -> Result<Tensor> {
        steps.iter().try_fold(x.clone(), |x, step| self.step(step, &x))
    }

    fn weight(&self, layer: &str, part: &str) -> Option<Tensor> {
        self.weights.get(&format!("{layer}.{part}")).cloned()
    }

    fn needed(&self, layer: &str, part: &str) -> Result<Tensor> {
        self.weight(layer, part).ok_or_else(|| Error::Msg(format!("there is no weight {layer}.{part}")))
    }

    fn step(&self, step: &Step, x: &Tensor) -> Result<Tensor> {
        match step {
            Step::Convolution { name, stride, padding: [before, after], groups } => {
                let mut config = Conv2dConfig { stride: *stride, groups: *groups, ..Conv2dConfig::default() };
                let mut x = x.clone();
                if before == after {
                    config.padding = *before;
                } else {
                    x = x.pad_with_zeros(2, *before, *after)?.pad_with_zeros(3, *before, *after)?;
                }
                Conv2d::new(self.needed(name, "weight")?, self.weight(name, "bias"), config).forward(&x)
            }
            Step::Norm { name, eps } => {
                let [mean, variance, weight, bias] =
                    ["running_mean", "running_var", "weight", "bias"].map(|part| self.needed(name, part));
                let mean = mean?;
                BatchNorm::new(mean.elem_count(), mean, variance?, weight?, bias?, *eps)?.forward_t(x, false)
            }
            Step::Relu => x.relu(),
            Step::Relu6 => x.clamp(0f32, 6f32),
            Step::Pool2 => maxima(&maxima(x, 2, D::Minus1)?, 2, D::Minus2),
            // Behind a relu, where it stands, zeros at the border are as good as none.
            Step::Pool3 => {
                let x = x.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?;
                maxima(&maxima(&x, 3, D::Minus1)?, 3, D::Minus2)
            }
            Step::Sum { body, shortcut } => self.all(body, x)? + self.all(shortcut, x)?,
            Step::Mean => x.mean((2, 3)),
            Step::Flatten => x.flatten_from(1),
            Step::Linear { name } => Linear::new(self.needed(name, "weight")?, self.weight(name, "bias")).forward(x),
        }
    }
}

/// Maxima of `kernel` neighbours, 2 or 3, in every second place of an axis of even length, which is one of the last
/// two.
fn maxima(x: &Tensor, kernel: usize, axis: D) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let along_rows = matches!(axis, D::Minus1);
    let (length, apart, pairs) = if along_rows {
        (width, [batch * channels * height, width / 2, 2, 1], [batch, channels, height, width / 2])
    } else {
        (height, [batch * channels, height / 2, 2, width], [batch, channels, height / 2, width])
    };
    let apart = x.reshape(&apart)?;
    let place = |second: usize| apart.narrow(2, second, 1)?.reshape(&pairs);
    let (even, odd) = (place(0)?, place(1)?);
    let axis = if along_rows { 3 } else { 2 };
    let count = length / 2 + 2 - kernel;
    let mut found = even.narrow(axis, 0, count)?.maximum(&odd.narrow(axis, 0, count)?)?;
    if kernel == 3 {
        found = found.maximum(&even.narrow(axis, 1, count)?)?;
    }
    Ok(found)
}

impl Passes for CandlePasses {
    type Tensor = Tensor;

    fn load(weights: &Path, device: Device) -> Outcome<Self> {
        let device = candle_device(device)?;
        let read = candle_core::safetensors::load(weights, &device)?;
        let single = read.into_iter().map(|(name, tensor)| Ok((name, tensor.to_dtype(DType::F32)?)));
        Ok(CandlePasses { weights: single.collect::<Result<_>>()?, device })
    }

    fn tensor(&self, images: &Array4<f32>) -> Outcome<Tensor> {
        Ok(Tensor::from_vec(images.iter().copied().collect(), images.shape(), &self.device)?)
    }

    fn first(images: &Tensor, count: usize) -> Outcome<Tensor> {
        Ok(images.narrow(0, 0, count)?.contiguous()?)
    }

    fn forward(&self, network: &[Step], x: &Tensor) -> Outcome<Tensor> {
        Ok(self.all(network, x)?)
    }

    fn gradient(&self, network: &[Step], x: &Tensor, output: usize) -> Outcome<Tensor> {
        let x = Var::from_tensor(x)?;
        let y = self.all(network, &x)?.narrow(1, output, 1)?.sum_all()?;
        Ok(y.backward()?.remove(&x).ok_or("candle gave no gradient")?)
    }

    fn array(tensor: &Tensor) -> Outcome<ArrayD<f32>> {
        Ok(ArrayD::from_shape_vec(IxDyn(tensor.dims()), tensor.flatten_all()?.to_vec1()?)?)
    }
}
