//! ResNet-18's weights by torchvision's names: checked, or drawn from a seed.

use xai::nn::Weights;
use xai::{Backend, Error, Result};

use crate::seeded::{Tensors, drawn};

/// Refuses weights that do not have every name and shape of this network, and such as have others. The number of
/// classes is the weights' own.
///
/// # Errors
/// The tensor that does not fit.
pub fn check<B: Backend>(weights: &Weights<B>) -> Result<()> {
    for (name, shape) in tensors(weights.array("fc.bias")?.len()) {
        Error::check_shape(&format!("weight `{name}`"), &shape, weights.array(&name)?.shape())?;
    }
    // PyTorch counts the batches of training beside every batch norm.
    match weights.unused().into_iter().find(|name| !name.ends_with(".num_batches_tracked")) {
        Some(name) => Err(Error::InvalidParameter {
            name: "weight",
            value: name.to_owned(),
            reason: "ResNet-18 has no tensor of this name: the file belongs to another network".into(),
        }),
        None => Ok(()),
    }
}

/// Random weights, the same numbers on every backend: convolutions after He et al. (2015), and norms that are not the
/// identity.
///
/// # Errors
/// The backend's own.
pub fn seeded<B: Backend>(classes: usize, seed: u64) -> Result<Weights<B>> {
    drawn(tensors(classes), seed)
}

/// Names and shapes.
fn tensors(classes: usize) -> Tensors {
    let mut tensors = vec![("conv1.weight".into(), vec![64, 3, 7, 7])];
    norm(&mut tensors, "bn1", 64);
    let mut input = 64;
    for (stage, width) in [(1, 64), (2, 128), (3, 256), (4, 512)] {
        for block in 0..2 {
            let name = format!("layer{stage}.{block}");
            tensors.push((format!("{name}.conv1.weight"), vec![width, input, 3, 3]));
            norm(&mut tensors, &format!("{name}.bn1"), width);
            tensors.push((format!("{name}.conv2.weight"), vec![width, width, 3, 3]));
            norm(&mut tensors, &format!("{name}.bn2"), width);
            if input != width {
                tensors.push((format!("{name}.downsample.0.weight"), vec![width, input, 1, 1]));
                norm(&mut tensors, &format!("{name}.downsample.1"), width);
            }
            input = width;
        }
    }
    tensors.extend([("fc.weight".into(), vec![classes, 512]), ("fc.bias".into(), vec![classes])]);
    tensors
}

fn norm(tensors: &mut Tensors, name: &str, width: usize) {
    tensors
        .extend(["weight", "bias", "running_mean", "running_var"].map(|part| (format!("{name}.{part}"), vec![width])));
}
