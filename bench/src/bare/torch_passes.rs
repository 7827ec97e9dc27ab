//! libtorch by itself.

use std::collections::HashMap;
use std::path::Path;

use ndarray::{Array4, ArrayD, IxDyn};
use xai_cli::backend::{Device, torch_device};
use xai_tch::tch::{self, Kind, TchError, Tensor, no_grad};
use xai_zoo::command_line::Outcome;

use super::passes::Passes;
use super::plan::Step;

/// The weights by name, and where they are.
pub(crate) struct TorchPasses {
    weights: HashMap<String, Tensor>,
    device: tch::Device,
}

type Result<T> = std::result::Result<T, TchError>;

impl TorchPasses {
    fn all(&self, steps: &[Step], x: &Tensor) -> Result<Tensor> {
        steps.iter().try_fold(x.shallow_clone(), |x, step| self.step(step, &x))
    }

    fn weight(&self, layer: &str, part: &str) -> Option<&Tensor> {
        self.weights.get(&format!("{layer}.{part}"))
    }

    fn needed(&self, layer: &str, part: &str) -> Result<&Tensor> {
        self.weight(layer, part).ok_or_else(|| TchError::FileFormat(format!("there is no weight {layer}.{part}")))
    }

    fn step(&self, step: &Step, x: &Tensor) -> Result<Tensor> {
        match step {
            Step::Convolution { name, stride, padding: [before, after], groups } => {
                let (weight, bias) = (self.needed(name, "weight")?, self.weight(name, "bias"));
                let (stride, groups) = (int(*stride), int(*groups));
                if before == after {
                    return x.f_conv2d(weight, bias, [stride; 2], [int(*before); 2], [1; 2], groups);
                }
                let (before, after) = (int(*before), int(*after));
                let padded = x.f_constant_pad_nd([before, after, before, after])?;
                padded.f_conv2d(weight, bias, [stride; 2], [0; 2], [1; 2], groups)
            }
            Step::Norm { name, eps } => x.f_batch_norm(
                self.weight(name, "weight"),
                self.weight(name, "bias"),
                self.weight(name, "running_mean"),
                self.weight(name, "running_var"),
                false,
                0.1,
                *eps,
                false,
            ),
            Step::Relu => x.f_relu(),
            Step::Relu6 => x.f_relu6(),
            Step::Pool2 => x.f_max_pool2d([2; 2], [2; 2], [0; 2], [1; 2], false),
            Step::Pool3 => x.f_max_pool2d([3; 2], [2; 2], [1; 2], [1; 2], false),
            Step::Sum { body, shortcut } => self.all(body, x)?.f_add(&self.all(shortcut, x)?),
            Step::Mean => x.f_mean_dim([2, 3].as_slice(), false, None),
            Step::Flatten => x.f_flatten(1, -1),
            Step::Linear { name } => x.f_linear(self.needed(name, "weight")?, self.weight(name, "bias")),
        }
    }
}

impl Passes for TorchPasses {
    type Tensor = Tensor;

    fn load(weights: &Path, device: Device) -> Outcome<Self> {
        let device = torch_device(device)?;
        let read = Tensor::read_safetensors(weights)?;
        let single =
            read.into_iter().map(|(name, tensor)| Ok((name, tensor.f_to_device(device)?.f_to_kind(Kind::Float)?)));
        Ok(TorchPasses { weights: single.collect::<Result<_>>()?, device })
    }

    fn tensor(&self, images: &Array4<f32>) -> Outcome<Tensor> {
        let flat: Vec<f32> = images.iter().copied().collect();
        let shape: Vec<i64> = images.shape().iter().map(|&side| int(side)).collect();
        Ok(Tensor::f_from_slice(&flat)?.f_reshape(shape)?.f_to_device(self.device)?)
    }

    fn first(images: &Tensor, count: usize) -> Outcome<Tensor> {
        Ok(images.f_narrow(0, 0, int(count))?)
    }

    fn forward(&self, network: &[Step], x: &Tensor) -> Outcome<Tensor> {
        Ok(no_grad(|| self.all(network, x))?)
    }

    fn gradient(&self, network: &[Step], x: &Tensor, output: usize) -> Outcome<Tensor> {
        let x = x.f_detach()?.f_set_requires_grad(true)?;
        let y = self.all(network, &x)?.f_select(1, int(output))?.f_sum(None)?;
        let gradient = Tensor::f_run_backward(&[y], &[&x], false, false)?;
        Ok(gradient.into_iter().next().ok_or("libtorch gave no gradient")?)
    }

    fn array(tensor: &Tensor) -> Outcome<ArrayD<f32>> {
        let shape = tensor.size().into_iter().map(usize::try_from).collect::<std::result::Result<Vec<_>, _>>()?;
        let mut values = vec![0.0; shape.iter().product()];
        let count = values.len();
        tensor.f_contiguous()?.f_copy_data(&mut values, count)?;
        Ok(ArrayD::from_shape_vec(IxDyn(&shape), values)?)
    }
}

/// A length as libtorch counts.
fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
