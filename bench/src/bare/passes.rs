//! What a framework can do by itself: [`Passes`].

use std::path::Path;

use ndarray::{Array4, ArrayD};
use xai_cli::backend::Device;
use xai_zoo::command_line::Outcome;

use super::plan::Step;

/// What a framework can do by itself.
pub(crate) trait Passes: Sized {
    /// The framework's tensor.
    type Tensor;

    /// With the weights in a file, as `f32`, on a device.
    fn load(weights: &Path, device: Device) -> Outcome<Self>;

    /// Images as a tensor, where the weights are.
    fn tensor(&self, images: &Array4<f32>) -> Outcome<Self::Tensor>;

    /// The first images of a tensor.
    fn first(images: &Self::Tensor, count: usize) -> Outcome<Self::Tensor>;

    /// The network's output, without a tape.
    fn forward(&self, network: &[Step], x: &Self::Tensor) -> Outcome<Self::Tensor>;

    /// The input gradient of one output, the same for each image. The weights are frozen.
    fn gradient(&self, network: &[Step], x: &Self::Tensor, output: usize) -> Outcome<Self::Tensor>;

    /// The numbers of a tensor.
    fn array(tensor: &Self::Tensor) -> Outcome<ArrayD<f32>>;
}
